import { hashOf } from "../kit/canonical.ts";
import { BerthError } from "../kit/error.ts";
import { callsOf } from "../pipeline.ts";
import type { RunRecord } from "../run/store.ts";
import type { Plan } from "../stages/plan/schema.ts";

/**
 * A grant covers a plan by its hash, and a run keeps the steps that follow from its parts. Throws `calls_changed` where they do
 * not follow: the run was changed in the store, or made by a version of Berth that goes another way.
 */
export function assertCallsOf(plan: Plan, run: Pick<RunRecord, "id" | "parts" | "calls" | "version">): void {
  const { id, calls, version } = run;
  if (hashOf(calls) === hashOf(callsOf(plan, run.parts))) return;
  throw new BerthError({
    code: "calls_changed",
    message: "The steps of this run are not those of the plan that was approved.",
    object: id,
    cause: `The run was made by Berth ${version}; this one takes other steps, or the run was changed since.`,
    next: "Make a new one: berth up",
  });
}
