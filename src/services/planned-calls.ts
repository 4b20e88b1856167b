import { hashOf, sha256 } from "../kit/canonical.ts";
import { BerthError } from "../kit/error.ts";
import { callsOf, destructionOf } from "../pipeline.ts";
import type { StepCall } from "../run/step.ts";
import type { RunRecord } from "../run/store.ts";
import { commandCalls } from "../stages/operate/command.ts";
import type { Plan } from "../stages/plan/schema.ts";
import { actIn, type StackAct } from "./stack-acts.ts";

/** The steps of an act, in order. `grant`: a command that is approved twice runs twice. */
export const callsOfAct = (plan: Plan, act: StackAct, grant: string): StepCall[] =>
  act.act === "destroy_stack"
    ? destructionOf(plan, act.arguments.volumes)
    : commandCalls(plan, act.arguments, sha256(grant).slice(0, 8));

type Approved = Pick<RunRecord, "operation" | "grant" | "parts">;

/** What follows from what was approved. */
function approvedCalls(plan: Plan, { operation, grant, parts }: Approved): StepCall[] {
  const act = actIn(operation);
  return act ? callsOfAct(plan, act, grant ?? "") : callsOf(plan, parts);
}

/**
 * A grant covers a plan by its hash, or an act by its arguments, and a run keeps the steps that follow from it. Throws
 * `calls_changed` where they do not follow: the run was changed in the store, or made by a version of Berth that goes another way.
 */
export function assertCallsOf(plan: Plan, run: Approved & Pick<RunRecord, "id" | "calls" | "version">): void {
  const { id, calls, version } = run;
  if (hashOf(calls) === hashOf(approvedCalls(plan, run))) return;
  throw new BerthError({
    code: "calls_changed",
    message: "The steps of this run are not those of what was approved.",
    object: id,
    cause: `The run was made by Berth ${version}; this one takes other steps, or the run was changed since.`,
    next: "Make a new one: berth up",
  });
}
