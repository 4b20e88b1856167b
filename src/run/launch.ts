import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { BerthError } from "../kit/error.ts";
import { clean } from "../kit/text.ts";
import { until } from "../kit/wait.ts";
import type { Machine } from "./machine.ts";
import type { RunStore } from "./store.ts";

export interface Launch {
  store: RunStore;
  run: string;
  machine: Machine;
  /** The program and its arguments: the worker's process calls `workOn`. */
  command: readonly [string, ...string[]];
  /** What the process itself prints; the steps' output goes to the run's own logs. */
  logFile: string;
  /** The whole environment that it gets. */
  env: Record<string, string>;
  /** How long a worker may take until it has the run. */
  timeoutMs?: number;
}

/** Starts a worker that outlives this process, and answers once it has taken the run. Throws `worker_died`. */
export async function startWorker({ timeoutMs = 15_000, ...launch }: Launch): Promise<{ pid: number }> {
  const { store, run, machine, logFile } = launch;
  const before = store.lease(run)?.fence ?? 0;
  const pid = await spawnDetached(launch);
  // Looked at in this order: a worker that is gone may have taken the run, and even ended it, just before.
  const look = async () => {
    const gone = !machine.mayLive(pid, null);
    return (store.lease(run)?.fence ?? 0) > before ? true : gone ? false : undefined;
  };
  if (await until(look, { timeoutMs, everyMs: 50 })) return { pid };
  throw new BerthError({
    code: "worker_died",
    message: "The worker did not take the run.",
    object: run,
    cause: clean(readFileSync(logFile, "utf8").slice(-2000)) || "It ended, or did not start in time, and said nothing.",
    next: `Try again: berth resume ${run}`,
  });
}

function spawnDetached({ command: [program, ...args], logFile, env }: Launch): Promise<number> {
  const log = openSync(logFile, "a", 0o600);
  return new Promise<number>((resolve, reject) => {
    const child = spawn(program, args, { detached: true, stdio: ["ignore", log, log], env });
    child.once("error", reject);
    child.once("spawn", () => {
      child.unref();
      resolve(child.pid ?? 0);
    });
  }).finally(() => closeSync(log));
}
