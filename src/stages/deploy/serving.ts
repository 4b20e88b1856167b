import type Docker from "dockerode";
import { readFile } from "../../host/files.ts";
import type { Host } from "../../host/host.ts";
import { labels } from "../../kit/layout.ts";
import { containersOf, type Seen } from "./containers.ts";
import { failedContainer } from "./names.ts";

/**
 * The container that a service is served by now: the one that the proxy is pointed at, else (no route, or nothing there)
 * the oldest that runs. Whatever else there is was begun by a run that did not end.
 */
export async function servingOf(
  engine: Docker,
  { stack, part }: { stack: string; part: string },
  upstreamFile: string | null,
  host: Host,
): Promise<Seen | undefined> {
  const all = await containersOf(engine, stack, ["service"]);
  const own = all.filter(
    ({ name, labels: marks }) => marks[labels.service] === part && name !== failedContainer(stack, part),
  );
  const upstream = upstreamFile === null ? undefined : await readFile(host, upstreamFile);
  const address = upstream?.split(":")[0];
  return own.find((container) => container.address === address) ?? own.find(({ status }) => status === "running");
}
