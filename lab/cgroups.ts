import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { until } from "../src/kit/wait.ts";
import type { Lab } from "./names.ts";
import { signal } from "./processes.ts";

const root = "/sys/fs/cgroup";

/** The lab's groups (or one server's), in every hierarchy: at the root on cgroup v2, below each controller on v1. */
function groups(lab: Lab, server?: string): string[] {
  if (!existsSync(root)) return [];
  const hierarchies = [
    "",
    ...readdirSync(root, { withFileTypes: true })
      .filter((e) => e.isDirectory())
      .map((e) => e.name),
  ];
  return hierarchies.map((name) => join(root, name, lab.name, server ?? "")).filter((path) => existsSync(path));
}

/** Kills what still runs in the lab's groups, and removes them: Docker removes only a container's own part. */
export async function removeGroups(lab: Lab, server?: string): Promise<void> {
  const gone = await until(
    async () => {
      for (const group of groups(lab, server)) clear(group);
      return groups(lab, server).length === 0 ? true : undefined;
    },
    { timeoutMs: 10_000, everyMs: 100 },
  );
  if (!gone) throw new Error(`control groups are still busy: ${groups(lab, server).join(", ")}`);
}

function clear(group: string): void {
  try {
    for (const entry of readdirSync(group, { withFileTypes: true }))
      if (entry.isDirectory()) clear(join(group, entry.name));
    signal(readFileSync(join(group, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number), "SIGKILL");
    rmdirSync(group);
  } catch {
    // gone already, or busy until the killed are reaped: the caller looks again
  }
}
