import { findGrant, type Grant, grantsOf, spend } from "../approval/grant.ts";
import type { Base } from "../approval/operation.ts";
import { openRequest, type Request } from "../approval/request.ts";
import { eventsIn } from "../run/journal.ts";
import { openRun, stateOf } from "../run/runs.ts";
import { recordsGone } from "../stages/operate/destroy/index.ts";
import type { Plan } from "../stages/plan/schema.ts";
import { spendingsOf } from "../store/grants.ts";
import { runStore, runs } from "../store/runs.ts";
import { hear } from "./asking.ts";
import type { Berth } from "./berth.ts";
import { serialIn, serialName } from "./plan-base.ts";
import { callsOfAct } from "./planned-calls.ts";
import { resume, type Started } from "./runs.ts";
import { actIn, operationOfAct, partOf, type StackAct } from "./stack-acts.ts";
import type { ActOutcome, Asker } from "./surface.ts";

/** An act on a stack as a person is shown it. */
export interface ProposedAct {
  act: StackAct;
  /** By which the stack stands. */
  plan: Plan;
  /** The facts that a grant of it rests on. */
  base: Base;
  /** All of it, safe to show. */
  text: string;
  question: string;
  /** Typed for a yes, where data is at stake; null: yes will do. */
  word: string | null;
}

export const requestForAct = ({ store }: Berth, { act, base }: ProposedAct): Request =>
  openRequest(store, operationOfAct(act), base, Date.now());

/** A grant that counts and that no run has used. */
export function unusedGrant({ store, grantKey }: Berth, { act, base }: ProposedAct): Grant | undefined {
  const claim = { operation: operationOfAct(act), base, now: Date.now() };
  return findGrant(store, grantKey.publicKey, claim, ({ id }) => spendingsOf(store, id).length === 0);
}

/**
 * The run of an act that was approved and has not come to its end, as long as nothing else was done to the stack since: who
 * types the same again goes on with it. One that a person has stopped, or that failed for good, is asked about anew.
 */
export function leftRun(berth: Berth, stack: string, isThis: (act: StackAct) => boolean): string | undefined {
  const { store, machine, grantKey } = berth;
  const [newest] = runs(store, { stack, limit: 1 });
  const act = newest && actIn(newest.operation);
  if (!newest || !act || !isThis(act)) return undefined;
  const given = grantsOf(store, grantKey.publicKey, operationOfAct(act), Date.now());
  const state = stateOf(runStore(store), newest.id, machine);
  // A command that failed might fail for ever; what was begun to be destroyed has to go.
  const goesOn = state !== "done" && state !== "cancelled" && (act.act === "destroy_stack" || state !== "failed");
  return goesOn && given.some(({ id }) => id === newest.grant) ? newest.id : undefined;
}

/** Opens the run of an act that was approved, and starts a worker. */
export async function startAct(
  berth: Berth,
  { act, plan }: ProposedAct,
  { id: grant }: Grant,
  waitMs?: number,
): Promise<Started> {
  const { store, config } = berth;
  const parts = [partOf(act)];
  const { run, fresh } = spend(store, grant, parts, () => {
    const calls = callsOfAct(plan, act, grant);
    const asked = { stack: plan.stack, operation: operationOfAct(act), grant, parts, calls, version: config.version };
    return openRun(runStore(store), asked, () => new Date()).id;
  });
  return { run, fresh, after: await resume(berth, run, waitMs) };
}

/** How long a worker that was started is waited for, in ms: who asked gets the run's id within 2 s. */
const waitMs = 1000;

/** Goes on with a run that is there. */
export async function goOnWith(berth: Berth, run: string): Promise<ActOutcome> {
  const goesOn = stateOf(runStore(berth.store), run, berth.machine) === "running";
  if (!goesOn) await resume(berth, run, waitMs);
  return { status: "run", run, fresh: !goesOn };
}

/** Starts an act under a grant, asking for one where there is none: by the asker and by nothing else. */
export async function askAndStart(
  berth: Berth,
  proposed: ProposedAct,
  asker: Asker,
  signal: AbortSignal,
): Promise<ActOutcome> {
  const { act, base, text, question, word, plan } = proposed;
  const unused = unusedGrant(berth, proposed);
  const matter = {
    operation: operationOfAct(act),
    base,
    baseNow: () => base,
    message: (request: string) => `${text}\n\n${question}\nIn a terminal: berth approve ${request}`,
    word: word ?? plan.stack,
    grave: word !== null,
  };
  const heard = unused ? { status: "granted" as const, grant: unused } : await hear(berth, matter, asker);
  if (heard.status !== "granted") return heard;
  // Who has gone away meanwhile gets nothing started: the grant stays for the next call.
  signal.throwIfAborted();
  const { run, fresh } = await startAct(berth, proposed, heard.grant, waitMs);
  return { status: "run", run, fresh };
}

/**
 * The facts that an act's own run has changed: who destroys a stack takes away the record of how often it was applied, and may
 * have been killed before it could say that it is done.
 */
export const ownActs =
  ({ store }: Berth, plan: Plan, base: Base) =>
  ({ id }: Grant): string[] => {
    const gone = serialIn(base, plan) === 0;
    const run = spendingsOf(store, id).find(({ part }) => part === "destroy")?.run;
    const begun = run !== undefined && eventsIn(runStore(store).events(run, 0)).some(isLast);
    return gone && begun ? [serialName(plan.stack)] : [];
  };

const isLast = (event: { event: string; step?: unknown }) => event.event === "started" && event.step === recordsGone;
