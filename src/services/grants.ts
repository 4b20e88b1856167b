import { findGrant, type Grant, grantRequest, grantsOf } from "../approval/grant.ts";
import { type Base, driftOf, type Operation } from "../approval/operation.ts";
import { openRequest, type Request } from "../approval/request.ts";
import { callsOf, type Part, parts } from "../pipeline.ts";
import { eventsIn, readEvent, verifyJournal } from "../run/journal.ts";
import { stateOf } from "../run/runs.ts";
import type { Plan } from "../stages/plan/schema.ts";
import { spendingsOf } from "../store/grants.ts";
import { runStore, runs } from "../store/runs.ts";
import { serverOf } from "../store/servers.ts";
import { stackOf } from "../store/stacks.ts";
import type { Berth } from "./berth.ts";
import { baseOf, knownSerial, serialIn, serialName } from "./plan-base.ts";

/** A plan by its hash, as it is in the store. */
export interface ChosenPlan {
  plan: Plan;
  hash: string;
}

export const operationOf = ({ plan, hash }: ChosenPlan): Operation => ({ kind: "plan", plan: hash, stack: plan.stack });

export const requestFor = ({ store }: Berth, proposal: ChosenPlan & { base: Base }): Request =>
  openRequest(store, operationOf(proposal), proposal.base, Date.now());

/** Records a person's yes. Only a command that has just heard it calls this. */
export function grant(
  berth: Berth,
  { base }: { base: Base },
  request: Pick<Request, "id">,
  channel: Grant["channel"],
  passphrase?: string,
): Grant {
  const consent = { request: request.id, base, person: personOf(berth), channel, now: Date.now() };
  return grantRequest(berth.store, berth.grantKey.unlock(passphrase), consent);
}

/** Who is at this computer, as its operating system calls them. */
export const personOf = ({ config: { env } }: Berth): string => env["USER"] ?? env["LOGNAME"] ?? "unknown";

/**
 * The grant with which `berth up` goes on without asking again: one of which nothing is used, or all by one run that is not
 * done. Where a client has used a part of it, the person who is there is asked anew: what they see then is what is still to
 * be done.
 */
export function grantFor(
  berth: Berth,
  proposal: ChosenPlan & { base: Base; applied: string | null },
): Grant | undefined {
  const { store, grantKey } = berth;
  const { base, applied } = proposal;
  const claim = {
    operation: operationOf(proposal),
    base,
    ownWork: ownWork(berth, proposal, { base, applied }),
    now: Date.now(),
  };
  return findGrant(store, grantKey.publicKey, claim, ({ id, created }) => {
    const spent = spendingsOf(store, id);
    const whole = spent.length === parts.length && new Set(spent.map(({ run }) => run)).size === 1;
    const used = whole && useOf(berth, id, parts).done === undefined;
    return (spent.length === 0 || used) && !isGivenUp(berth, id) && !isOutlived(berth, proposal.plan.stack, created);
  });
}

/** The run with which a grant goes on, and that somebody has left before its end. */
export const leftRun = (berth: Berth, grantId: string): string | undefined => useOf(berth, grantId, parts).unfinished;

/**
 * The facts that a grant's own deploy has changed: it raises the serial when it records that its plan is applied, and may
 * have been killed before it could say that it is done. `applied`: the hash of the plan that stands.
 */
export const ownWork =
  (berth: Berth, { plan, hash }: ChosenPlan, { base, applied }: { base: Base; applied: string | null }) =>
  (grant: Grant): string[] => {
    const raised = serialIn(base, plan) === serialIn(grant.base, plan) + 1;
    return raised && applied === hash && hasRecorded(berth, plan, grant.id) ? [serialName(plan.stack)] : [];
  };

/** Whether a grant's deploy has begun to record that its plan is applied. */
function hasRecorded({ store }: Berth, plan: Plan, grantId: string): boolean {
  const recording = callsOf(plan, ["deploy"]).find(({ kind }) => kind === "deploy.record")?.id;
  const run = spendingsOf(store, grantId).find(({ part }) => part === "deploy")?.run;
  if (run === undefined) return false;
  const events = eventsIn(runStore(store).events(run, 0));
  return events.some((event) => event.event === "started" && event.step === recording);
}

/**
 * The newest grant of a plan that counts as far as this computer knows, found without a look at the server: the worker
 * verifies it against the world as it is.
 */
export const knownGrant = (berth: Berth, chosen: ChosenPlan): Grant | undefined =>
  grantsOf(berth.store, berth.grantKey.publicKey, operationOf(chosen), Date.now()).find(
    (given) =>
      nothingNewer(berth, chosen, given) &&
      !isGivenUp(berth, given.id) &&
      !isOutlived(berth, chosen.plan.stack, given.created),
  );

/** The base names the plan's server and key, and nothing was applied since that was not this grant's own deploy. */
function nothingNewer(berth: Berth, chosen: ChosenPlan, given: Grant): boolean {
  const { plan } = chosen;
  const { base } = given;
  const { store } = berth;
  const shown = serialIn(base, plan);
  const pinned = serverOf(store, plan.server.name)?.hostKey ?? plan.server.hostKey;
  if (driftOf(base, baseOf(plan, shown)).length > 0 || pinned !== plan.server.hostKey) return false;
  const known = knownSerial(store, plan);
  const now = { base: baseOf(plan, known), applied: stackOf(store, plan.stack)?.appliedPlan ?? null };
  return known <= shown || ownWork(berth, chosen, now)(given).length > 0;
}

/** What became of parts of a grant. */
export interface Use {
  /** The first run that has some of them and is not done. */
  unfinished: string | undefined;
  /** The last run that has some of them and is done. */
  done: string | undefined;
  /** Those that no run has. */
  left: Part[];
}

export function useOf({ store, machine }: Berth, grantId: string, asked: readonly Part[]): Use {
  const spent = new Map(spendingsOf(store, grantId).map(({ part, run }) => [part, run]));
  const used = parts.filter((part) => asked.includes(part)).flatMap((part) => spent.get(part) ?? []);
  const isDone = (run: string) => stateOf(runStore(store), run, machine) === "done";
  return {
    unfinished: used.find((run) => !isDone(run)),
    done: used.findLast(isDone),
    left: parts.filter((part) => asked.includes(part) && !spent.has(part)),
  };
}

/** A person has stopped one of its runs, or one has ended as no run of this grant can go on from, or its journal was edited. */
function isGivenUp({ store, machine }: Berth, grantId: string): boolean {
  const runs = runStore(store);
  return spendingsOf(store, grantId).some(({ run }) => {
    const state = stateOf(runs, run, machine);
    const last = runs.lastEvent(run);
    const end = last && readEvent(last);
    const code = end?.event === "ended" ? (end.failure?.code ?? "") : "";
    if (state !== "done" && !verifyJournal(runs.events(run, 0)).intact) return true;
    return state === "cancelled" || state === "rolled_back" || (state === "failed" && isFinal(code));
  });
}

/**
 * The stack was destroyed since, or begun to be: how often it was applied counts from nothing again, and what was approved for
 * the one before is not approved for the next. `since` is in ms since 1970.
 */
export const isOutlived = ({ store }: Pick<Berth, "store">, stack: string, since: number): boolean =>
  runs(store, { stack }).some(({ parts: of, created }) => of.includes("destroy") && Date.parse(created) > since);

const isFinal = (code: string) => code.startsWith("grant_") || final.includes(code);
const final = ["base_changed", "calls_changed", "vanished"];
