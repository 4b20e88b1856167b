import { BerthError, failureOf } from "../kit/error.ts";
import type { Action } from "./event.ts";
import { type Journal, openJournal } from "./journal.ts";
import { keepLease, type Lease, takeLease } from "./lease.ts";
import { logName, openLog, type Scrubber } from "./log.ts";
import type { Machine } from "./machine.ts";
import { maskFailure } from "./mask.ts";
import type { Runner } from "./runner.ts";
import { assertOpen, runOf } from "./runs.ts";
import { cancelled, interrupted, leaseLost } from "./stop.ts";
import type { RunRecord, RunStore } from "./store.ts";
import type { Failed, Outcome, Work } from "./work.ts";

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
  /**
   * Throws where the run's grant does not cover this action now. Whatever must not change between this look and the last
   * step is kept from others here: `taking` says who it is, and tells readers what is waited for.
   */
  verifyGrant(run: RunRecord, action: Action, taking: Pick<Work, "signal" | "journal">): Promise<void>;
  /** False where something newer was applied since: the run may then not be resumed. */
  stillValid(run: RunRecord): Promise<boolean>;
  /**
   * Asked about each failure: undefined where it stands. Where the way to the world was lost, what is answered waits until
   * it is there again; the run is then taken once more, as a resume would.
   */
  wayBack?(failed: Failed): Promise<((signal: AbortSignal) => Promise<void>) | undefined>;
  /** Aborted when this process is told to end. */
  shutdown: AbortSignal;
}

/**
 * A worker's whole life: takes the run's lease, checks that it may go on, does the action, records the end. Throws what
 * keeps it from starting (`run_busy`, `run_over`, `no_such_run`) and `lease_lost`; all else is recorded as the end.
 */
export async function workOn(assignment: Assignment): Promise<Outcome> {
  const { store, machine, action } = assignment;
  const run = runOf(store, assignment.run);
  // One transaction: who sees the lease taken sees no older end of the run any more.
  const { lease, ...first } = store.write(() => {
    assertOpen(store, run.id, action);
    const taken = takeLease(store, run.id, machine);
    return { lease: taken, ...begin(assignment, taken.fence) };
  });
  const stop = new AbortController();
  const beat = keepLease(lease, run.id, machine, (reason) => stop.abort(reason));
  let taking: Taking = first;
  const ears = listen(assignment, () => taking.fence, stop);
  try {
    for (;;) {
      const outcome = await perform(assignment, run, workIn(assignment, taking, stop.signal));
      const next = outcome.state === "failed" ? await goOn(assignment, lease, taking, outcome, stop.signal) : outcome;
      if ("state" in next) return end(taking.journal, next);
      taking = next;
    }
  } finally {
    ears.close();
    beat.stop();
    lease.release();
  }
}

/** One taking of the run by this worker. */
interface Taking {
  fence: number;
  journal: Journal;
}

function begin({ store, run, action, version, machine, now }: Assignment, fence: number): Taking {
  const journal = openJournal(store, run, fence, now);
  journal.append({ event: "taken", action, version, pid: machine.pid, fence });
  return { fence, journal };
}

const workIn = ({ run, logs, scrubber, scrub }: Assignment, { fence, journal }: Taking, signal: AbortSignal): Work => ({
  run,
  journal,
  signal,
  openLog: (step) => openLog(logs, logName(step, fence), scrubber()),
  scrub,
});

function end(journal: Journal, outcome: Outcome): Outcome {
  const failure = outcome.state === "failed" ? outcome.failure : undefined;
  journal.append({ event: "ended", state: outcome.state, failure });
  return outcome;
}

/** The next taking, where the failure was that the way to the world was lost and it is there again; else how it ends. */
async function goOn(
  assignment: Assignment,
  lease: Lease,
  { fence, journal }: Taking,
  failed: Failed,
  signal: AbortSignal,
): Promise<Taking | Outcome> {
  const { store, run, scrub, wayBack } = assignment;
  try {
    const back = await wayBack?.(failed);
    if (back === undefined) return failed;
    journal.append({ event: "waiting", failure: failed.failure });
    await back(signal);
    return store.write(() => {
      // A cancel is of one taking: one that came just now must not be passed by the next.
      if (store.cancelled(run, fence)) throw cancelled(run);
      const next = lease.takeAgain();
      if (next === undefined) throw leaseLost(run);
      return begin(assignment, next);
    });
  } catch (error) {
    return outcomeOf(scrub, signal.aborted ? signal.reason : error);
  }
}

async function perform(assignment: Assignment, run: RunRecord, work: Work): Promise<Outcome> {
  const { runner, action, verifyGrant, stillValid } = assignment;
  try {
    await verifyGrant(run, action, work);
    if (action === "apply" && !(await stillValid(run))) throw superseded(run);
    return await (action === "apply" ? runner.apply(work, run.calls) : runner.rollback(work, run.calls));
  } catch (error) {
    return outcomeOf(work.scrub, error);
  }
}

/** How an error that is of no step ends the work. Throws `lease_lost`. */
function outcomeOf(scrub: Work["scrub"], error: unknown): Outcome {
  const failure = maskFailure(scrub, failureOf(error));
  if (failure.code === "lease_lost") throw error;
  if (failure.code === "cancelled" || failure.code === "interrupted") return { state: failure.code };
  return { state: "failed", step: null, failure };
}

/** Turns a cancel in the store, and the end of this process, into the abort of the work. */
function listen({ store, run, shutdown }: Assignment, fence: () => number, stop: AbortController) {
  const look = () => {
    if (shutdown.aborted) stop.abort(interrupted(run));
    else if (asked(store, run, fence())) stop.abort(cancelled(run));
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
