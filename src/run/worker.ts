import { BerthError, failureOf } from "../kit/error.ts";
import type { Action } from "./event.ts";
import { openJournal } from "./journal.ts";
import { keepLease, takeLease } from "./lease.ts";
import { logName, openLog, type Scrubber } from "./log.ts";
import type { Machine } from "./machine.ts";
import { maskFailure } from "./mask.ts";
import type { Runner } from "./runner.ts";
import { assertOpen, runOf } from "./runs.ts";
import { cancelled, interrupted } from "./stop.ts";
import type { RunRecord, RunStore } from "./store.ts";
import type { Outcome, Work } from "./work.ts";

/** How often a worker asks whether it was cancelled, in ms. */
const cancelPoll = 250;

/** What a worker is given to work on one run. */
export interface Assignment {
  store: RunStore;
  run: string;
  action: Action;
  runner: Runner;
  /** The version of Berth that works on it now; the run's record holds the one that made it. */
  version: string;
  /** Folder of this run's log files. */
  logs: string;
  machine: Machine;
  now(): Date;
  scrubber(): Scrubber;
  scrub(text: string): string;
  /** Throws where the run's grant does not cover this action now. */
  verifyGrant(run: RunRecord, action: Action): Promise<void>;
  /** False where something newer was applied since: the run may then not be resumed. */
  stillValid(run: RunRecord): Promise<boolean>;
  /** Aborted when this process is told to end. */
  shutdown: AbortSignal;
}

/**
 * A worker's whole life: takes the run's lease, checks that it may go on, does the action, records the end. Throws what
 * keeps it from starting (`run_busy`, `run_over`, `no_such_run`) and `lease_lost`; all else is recorded as the end.
 */
export async function workOn(assignment: Assignment): Promise<Outcome> {
  const { store, machine, action, version, now } = assignment;
  const run = runOf(store, assignment.run);
  // One transaction: who sees the lease taken sees no older end of the run any more.
  const { lease, journal } = store.write(() => {
    assertOpen(store, run.id, action);
    const taken = takeLease(store, run.id, machine);
    const lines = openJournal(store, run.id, taken.fence, now);
    lines.append({ event: "taken", action, version, pid: machine.pid, fence: taken.fence });
    return { lease: taken, journal: lines };
  });
  const stop = new AbortController();
  const beat = keepLease(lease, run.id, machine, (reason) => stop.abort(reason));
  const ears = listen(assignment, lease.fence, stop);
  try {
    const outcome = await perform(assignment, run, {
      run: run.id,
      journal,
      signal: stop.signal,
      openLog: (step) => openLog(assignment.logs, logName(step, lease.fence), assignment.scrubber()),
      scrub: assignment.scrub,
    });
    const failure = outcome.state === "failed" ? outcome.failure : undefined;
    journal.append({ event: "ended", state: outcome.state, failure });
    return outcome;
  } finally {
    ears.close();
    beat.stop();
    lease.release();
  }
}

async function perform(assignment: Assignment, run: RunRecord, work: Work): Promise<Outcome> {
  const { runner, action, verifyGrant, stillValid } = assignment;
  try {
    await verifyGrant(run, action);
    if (action === "apply" && !(await stillValid(run))) throw superseded(run);
    return await (action === "apply" ? runner.apply(work, run.calls) : runner.rollback(work, run.calls));
  } catch (error) {
    const failure = maskFailure(work.scrub, failureOf(error));
    if (failure.code === "lease_lost") throw error;
    if (failure.code === "cancelled" || failure.code === "interrupted") return { state: failure.code };
    return { state: "failed", step: null, failure };
  }
}

/** Turns a cancel in the store, and the end of this process, into the abort of the work. */
function listen({ store, run, shutdown }: Assignment, fence: number, stop: AbortController) {
  const look = () => {
    if (shutdown.aborted) stop.abort(interrupted(run));
    else if (asked(store, run, fence)) stop.abort(cancelled(run));
  };
  look();
  shutdown.addEventListener("abort", look);
  const timer = setInterval(look, cancelPoll);
  return {
    close: () => {
      clearInterval(timer);
      shutdown.removeEventListener("abort", look);
    },
  };
}

/** A store that cannot be read for a moment is asked again; one that stays so ends the lease. */
function asked(store: RunStore, run: string, fence: number): boolean {
  try {
    return store.cancelled(run, fence);
  } catch {
    return false;
  }
}

const superseded = (run: RunRecord) =>
  new BerthError({
    code: "superseded",
    message: "Something newer was applied since this run began.",
    object: run.stack ?? run.id,
    cause: "Going on with it would bring back an older state.",
    next: "Make a new plan from what there is now: berth up",
  });
