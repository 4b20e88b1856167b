import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "./names.ts";

/** Ends with the process that holds it, however that ends: the kernel's lock of a child that waits for our pipe to close. */
export interface Lock {
  release(): Promise<void>;
}

/** Takes the lock of that name among all labs of the machine; undefined where another holds it and we do not wait. */
export async function lock(lab: Lab, name: string, { wait }: { wait: boolean }): Promise<Lock | undefined> {
  const folder = join(lab.bases, "locks");
  await mkdir(folder, { recursive: true });
  const file = join(folder, name.replaceAll(/[^a-z0-9.-]/g, "-"));
  const holder = spawn("flock", [...(wait ? [] : ["--nonblock"]), file, "sh", "-c", "echo held; exec cat >/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
    // Apart from our process group: Ctrl-C must not take the lock from a run that is still cleaning up.
    detached: true,
  });
  const exited = once(holder, "exit");
  const answer = await Promise.race([once(holder.stdout, "data").then(() => "held" as const), exited]);
  if (answer !== "held") return undefined;
  return {
    release: async () => {
      holder.stdin.end();
      await exited;
    },
  };
}

/** Does the work while no other process does work under the same name. */
export async function exclusively<T>(lab: Lab, name: string, work: () => Promise<T>): Promise<T> {
  const held = await lock(lab, name, { wait: true });
  try {
    return await work();
  } finally {
    await held?.release();
  }
}
