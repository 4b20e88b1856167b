import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "./names.ts";
import { startDaemon, stopProcesses, untilDaemon } from "./processes.ts";

/** The registry with the base images; it listens on the bridge's address alone: this machine, its builds and the servers reach it. */
export async function startMirror(lab: Lab): Promise<void> {
  if (await mirrorAnswers(lab)) return;
  await stopProcesses(lab, "registry");
  const config = join(lab.dir, "registry.yml");
  await writeFile(config, configuration(lab), { mode: 0o600 });
  startDaemon(lab, "registry", "docker-registry", ["serve", config]);
  await untilDaemon(lab, "registry", async () => ((await mirrorAnswers(lab)) ? true : undefined));
}

/** Whether the registry answers. */
export async function mirrorAnswers(lab: Lab): Promise<boolean> {
  const answer = await fetch(`http://${lab.registry}/v2/`, { signal: AbortSignal.timeout(2000) }).catch(
    () => undefined,
  );
  return answer?.ok ?? false;
}

const configuration = (lab: Lab) => `version: 0.1
log: { level: warn }
storage: { filesystem: { rootdirectory: ${join(lab.bases, "registry")} }, delete: { enabled: true } }
http: { addr: "${lab.registry}", secret: "${randomBytes(16).toString("hex")}" }
`;
