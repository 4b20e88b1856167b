import { hashOf } from "../kit/canonical.ts";
import { BerthError } from "../kit/error.ts";
import { newId } from "../kit/id.ts";
import type { Action, End } from "./event.ts";
import { assertIntact, eventIn, openJournal, readEvent } from "./journal.ts";
import { isHeld } from "./lease.ts";
import type { Machine } from "./machine.ts";
import type { RunRecord, RunStore } from "./store.ts";

/** `pending`: no worker has taken it yet. `interrupted`: its worker is gone without an end; it can be resumed. */
export type RunState = "pending" | "running" | End;

/** Records a run, to be worked on later. Part of the caller's transaction where there is one. */
export function openRun(store: RunStore, asked: Omit<RunRecord, "id" | "created">, now: () => Date): RunRecord {
  const run = { ...asked, id: newId("run", now().getTime()), created: now().toISOString() };
  const { version, operation, calls } = run;
  return store.write(() => {
    store.addRun(run);
    const journal = openJournal(store, run.id, 0, now);
    journal.append({ event: "opened", version, operation: hashOf(operation), calls: hashOf(calls) });
    return run;
  });
}

/** Throws `no_such_run`. */
export function runOf(store: RunStore, id: string): RunRecord {
  const run = store.run(id);
  if (run) return run;
  throw new BerthError({
    code: "no_such_run",
    message: "There is no run of this name.",
    object: id,
    cause: "The id is misspelt, or the run is in another state folder.",
    next: "List the runs: berth runs",
  });
}

export function stateOf(store: RunStore, run: string, machine: Machine): RunState {
  const row = store.lastEvent(run);
  const last = row && readEvent(row);
  if (last?.event === "ended") return last.state;
  if (isHeld(store.lease(run), machine)) return "running";
  if (row && !last) return "interrupted";
  return last === undefined || last.event === "opened" || last.event === "called" ? "pending" : "interrupted";
}

/** Asks the worker of a run to stop. Throws `not_running` where there is none. */
export function requestCancel(store: RunStore, id: string, machine: Machine, now: () => Date): void {
  store.write(() => {
    const { run, fence } = takingToCancel(store, id, machine);
    store.addCancel(run, fence, now().toISOString());
  });
}

/** The taking of a run that a cancel would stop. Throws `no_such_run`, `not_running`. */
export function takingToCancel(store: RunStore, id: string, machine: Machine): { run: string; fence: number } {
  const run = runOf(store, id).id;
  const state = stateOf(store, run, machine);
  const fence = store.lease(run)?.fence ?? 0;
  if (state === "running") return { run, fence };
  // Its worker is still starting: the cancel is for the one that will take it.
  if (state === "pending") return { run, fence: fence + 1 };
  throw notRunning(run, state);
}

/**
 * Throws `run_over` where the action is no longer possible: nothing follows an end that is final; and `journal_edited`, since
 * what is done next depends on what the journal says.
 */
export function assertOpen(store: RunStore, run: string, action: Action): void {
  const rows = store.events(run, 0);
  assertIntact(run, rows);
  const events = rows.map(eventIn);
  const over = events.findLast((event) => event.event === "ended")?.state;
  const takingBack = events.some((event) => event.event === "taken" && event.action === "rollback");
  if (over === "rolled_back") throw runOver(run, "It was rolled back.");
  if (action === "rollback") return;
  if (takingBack) throw runOver(run, "Its rollback has begun.");
  if (over === "done") throw runOver(run, "It is done.");
}

const runOver = (run: string, cause: string) =>
  new BerthError({
    code: "run_over",
    message: "This run cannot go on.",
    object: run,
    cause,
    next: "Make a new one: berth up",
  });

const notRunning = (run: string, state: RunState) =>
  new BerthError({
    code: "not_running",
    message: "There is nothing to cancel: nobody is working on this run.",
    object: run,
    cause: `It is ${state}.`,
    next: `See what it did: berth runs ${run}`,
  });
