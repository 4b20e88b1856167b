import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { BerthError } from "../kit/error.ts";
import { clean } from "../kit/text.ts";
import { until } from "../kit/wait.ts";
import { assertIntact, openJournal } from "./journal.ts";
import type { Machine } from "./machine.ts";
import { stateOf } from "./runs.ts";
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
  /** How long the caller waits until the worker has the run; one that is slower goes on starting. */
  waitMs?: number;
}

const now = () => new Date();

/**
 * Starts a worker that outlives this process, and answers once it has taken the run, or when the wait is over. One that
 * dies before it has the run is recorded as the run's end, also after the answer; seen before, it throws `worker_died`.
 */
export async function startWorker({ waitMs = 15_000, ...launch }: Launch): Promise<{ pid: number }> {
  const { store, run } = launch;
  const fence = callTo(launch);
  const taken = () => (store.lease(run)?.fence ?? 0) > fence;
  let death: BerthError | undefined;
  const pid = await spawnDetached(launch, () => {
    try {
      // A worker that is gone may have taken the run, and even ended it, just before.
      if (!taken()) death = recordDeath(launch, fence);
    } catch {
      // The store was closed meanwhile, or another worker has just taken the run: then there is nobody to tell.
    }
  });
  await until(async () => taken() || death, { timeoutMs: waitMs, everyMs: 50 });
  if (death) throw death;
  return { pid };
}

/**
 * From here on the run waits for its worker, whatever became of the last one. Answers the number of that one's taking. Throws
 * `journal_edited`.
 */
function callTo({ store, run, machine }: Launch): number {
  return store.write(() => {
    assertIntact(run, store.events(run, 0));
    const fence = store.lease(run)?.fence ?? 0;
    const state = stateOf(store, run, machine);
    const left = state === "failed" || state === "cancelled" || state === "interrupted";
    if (left) openJournal(store, run, fence, now).append({ event: "called" });
    return fence;
  });
}

function recordDeath({ store, run, machine, logFile }: Launch, fence: number): BerthError {
  const death = workerDied(run, logFile);
  store.write(() => {
    // Where another works on the run, or it is over, this one came for nothing, and nothing became of the run.
    if (stateOf(store, run, machine) !== "pending") return;
    openJournal(store, run, fence, now).append({ event: "ended", state: "failed", failure: death.toJSON() });
  });
  return death;
}

/** `onEnd` is called where the process ends while this one lives. */
function spawnDetached({ command: [program, ...args], logFile, env }: Launch, onEnd: () => void): Promise<number> {
  const log = openSync(logFile, "a", 0o600);
  return new Promise<number>((resolve, reject) => {
    const child = spawn(program, args, { detached: true, stdio: ["ignore", log, log], env });
    child.once("error", reject);
    child.once("exit", onEnd);
    child.once("spawn", () => {
      child.unref();
      resolve(child.pid ?? 0);
    });
  }).finally(() => closeSync(log));
}

const workerDied = (run: string, logFile: string) =>
  new BerthError({
    code: "worker_died",
    message: "The worker did not take the run.",
    object: run,
    cause: clean(readFileSync(logFile, "utf8").slice(-2000)) || "It ended and said nothing.",
    next: `Try again: berth resume ${run}`,
  });
