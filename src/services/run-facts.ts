import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { verifyJournal } from "../run/journal.ts";
import { type RunState, runOf, stateOf } from "../run/runs.ts";
import type { Plan } from "../stages/plan/schema.ts";
import { adoptedOf } from "../store/adopted.ts";
import { runStore, runs } from "../store/runs.ts";
import { stackOf } from "../store/stacks.ts";
import type { Berth } from "./berth.ts";
import { plannedBy, plannedHash } from "./planned-by.ts";

/** The plan that a run applies. Throws `no_such_run`, `plan_gone`. */
export const planOfRun = (berth: Berth, run: string): Plan => plannedBy(berth, runOf(runStore(berth.store), run));

/** Whether the stack stands when this run is done; a run of an earlier part only makes it ready to. */
export const deploys = (berth: Berth, run: string): boolean =>
  runOf(runStore(berth.store), run).parts.includes("deploy");

export interface RunLine {
  id: string;
  stack: string | null;
  plan: string;
  /** Of the plan: provision, build, deploy; or destroy, or command. */
  parts: string[];
  state: RunState;
  created: string;
}

/** Runs, newest first: those that apply a plan, and those that do something to what stands by one. */
export function listRuns({ store, machine }: Berth, stack?: string): RunLine[] {
  return runs(store, stack === undefined ? {} : { stack }).flatMap((run) => {
    const { id, parts, created } = run;
    const plan = plannedHash(run);
    return plan === undefined
      ? []
      : [{ id, stack: run.stack, plan, parts, state: stateOf(runStore(store), id, machine), created }];
  });
}

/** Runs that made a plan of the stack stand, newest first. */
export const deployments = (berth: Berth, stack: string): RunLine[] =>
  listRuns(berth, stack).filter(({ state, parts }) => state === "done" && parts.includes("deploy"));

/** Hashes of the plans that stood, newest first: what was applied from here, and what the server kept when it was adopted. */
function stoodHere(berth: Berth, stack: string): string[] {
  const adopted = adoptedOf(berth.store, stack);
  const here = deployments(berth, stack);
  const isSince = ({ created }: RunLine) => adopted === undefined || created > adopted.at;
  const before = here.filter((run) => !isSince(run)).map(({ plan }) => plan);
  return [...here.filter(isSince).map(({ plan }) => plan), ...(adopted?.plans ?? []), ...before];
}

/** The hash of the plan that stood before the one that stands now. Throws `no_such_plan` where there was none. */
export function earlierPlan(berth: Berth, stack: string): string {
  const standing = stackOf(berth.store, stack)?.appliedPlan;
  const earlier = stoodHere(berth, stack).find((plan) => plan !== standing);
  if (earlier !== undefined) return earlier;
  throw new BerthError({
    code: "no_such_plan",
    message: "There is no earlier plan to go back to.",
    object: cleanLine(stack, 80),
    cause: "Of this stack only one plan was ever applied from this state folder, or none.",
    next: "Name one: berth rollback STACK --to HASH (berth runs lists them)",
  });
}

/** Number of the first journal line of a run that is not as it was written; undefined where all are. */
export function editedLine({ store }: Berth, run: string): number | undefined {
  const journal = verifyJournal(runStore(store).events(run, 0));
  return journal.intact ? undefined : journal.seq;
}
