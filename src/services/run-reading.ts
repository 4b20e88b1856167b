import { z } from "zod";
import { follow } from "../run/follow.ts";
import { eventsIn, readEvent, verifyJournal } from "../run/journal.ts";
import { runOf, stateOf } from "../run/runs.ts";
import type { EventRow, RunRecord } from "../run/store.ts";
import { figuresIn, figuresLine } from "../stages/deploy/prober/figures.ts";
import { commandEndIn } from "../stages/operate/command-end.ts";
import { Plan } from "../stages/plan/schema.ts";
import { planOf } from "../store/plans.ts";
import { runStore } from "../store/runs.ts";
import type { Store } from "../store/store.ts";
import type { Berth } from "./berth.ts";
import { whyBrokenOff } from "./broken-off.ts";
import { plannedHash } from "./planned-by.ts";
import { logFolder } from "./run-folder.ts";
import { readLog } from "./run-log.ts";
import { type StepsSeen, stepsSeen } from "./run-steps.ts";
import { actParts } from "./stack-acts.ts";
import type { LogReading, RunReading } from "./surface.ts";

/** What a run did so far, and a page of its logs. Throws `no_such_run`, `bad_cursor`. */
export function readRun(berth: Berth, id: string, reading: LogReading = {}): RunReading {
  const { store, machine, config } = berth;
  const runs = runStore(store);
  const run = runOf(runs, id);
  // Asked before the events are read, so that a state which is an end has its events read too.
  const state = stateOf(runs, run.id, machine);
  const rows = runs.events(run.id, 0);
  const ended = endIn(rows);
  const goesOn = state === "running" || state === "pending";
  const steps = stepsIn(run, rows).list(goesOn, Date.now());
  const parts = Parts.parse(run.parts);
  const journal = verifyJournal(rows);
  return {
    run: run.id,
    stack: run.stack ?? "",
    plan: plannedHash(run) ?? "",
    parts,
    state,
    created: run.created,
    ended: goesOn ? null : (ended?.at ?? null),
    steps,
    failure:
      (state === "failed" ? ended?.failure : state === "interrupted" ? whyBrokenOff(berth, run.id) : null) ?? null,
    requests: requestsIn(rows),
    log: readLog({ run: run.id, folder: logFolder(config.home, run.id), steps, goesOn }, reading),
    exitCode: exitCodeIn(rows),
    addresses: state === "done" && parts.includes("deploy") ? addressesOf(store, plannedHash(run) ?? "") : [],
    waitsForServer: goesOn && saysLost(rows),
    editedLine: journal.intact ? null : journal.seq,
  };
}

export interface Waiting {
  ms: number;
  signal: AbortSignal;
  /** A step was begun or is done: its title, and how many of the run's steps are done by now. */
  onStep(title: string, done: number): void;
}

/** Waits until nobody works on the run any more, `ms` are over or `signal` is aborted. Throws `no_such_run`. */
export async function waitForRun({ store, machine, config }: Berth, id: string, waiting: Waiting): Promise<void> {
  const runs = runStore(store);
  const run = runOf(runs, id);
  const rows = runs.events(run.id, 0);
  const seen = stepsIn(run, rows);
  await follow(runs, run.id, {
    machine,
    logs: logFolder(config.home, run.id),
    after: rows.at(-1)?.seq ?? 0,
    signal: AbortSignal.any([waiting.signal, AbortSignal.timeout(waiting.ms)]),
    onEvent: (event, { at }) => {
      seen.add(event, at);
      if (event.event === "started" || event.event === "observed" || event.event === "done")
        waiting.onStep(seen.titleOf(event.step), seen.done());
    },
  });
}

const Parts = z.array(z.enum(["provision", "build", "deploy", ...actParts]));

function stepsIn({ calls }: RunRecord, rows: readonly EventRow[]): StepsSeen {
  const seen = stepsSeen(calls);
  for (const row of rows) {
    const event = readEvent(row);
    if (event) seen.add(event, row.at);
  }
  return seen;
}

/** The last end in the journal; what follows it was taken up again. */
function endIn(rows: readonly EventRow[]) {
  for (const row of rows.toReversed()) {
    const event = readEvent(row);
    if (event?.event === "ended") return { at: row.at, failure: event.failure };
  }
  return undefined;
}

/** How a command has ended, where this is the run of one. */
function exitCodeIn(rows: readonly EventRow[]): number | null {
  const ends = eventsIn(rows).flatMap((event) => commandEndIn(event) ?? []);
  return ends.at(-1)?.exitCode ?? null;
}

/** Waiting for another run's lock is no lost line. */
function saysLost(rows: readonly EventRow[]): boolean {
  const row = rows.at(-1);
  const last = row && readEvent(row);
  return last?.event === "waiting" && last.failure.code !== "lock_held";
}

function requestsIn(rows: readonly EventRow[]): RunReading["requests"] {
  let takings = 0;
  return eventsIn(rows).flatMap((event) => {
    if (event.event === "taken") takings++;
    const figures = figuresIn(event);
    return figures ? [{ ...figures, line: figuresLine(figures, takings > 1) }] : [];
  });
}

/** None where the plan is not in the state folder any more: what is missing here is no failure of the run. */
function addressesOf(store: Store, hash: string): string[] {
  const plan = Plan.safeParse(planOf(store, hash)?.plan).data;
  return plan?.routes.map(({ host }) => `https://${host}`) ?? [];
}
