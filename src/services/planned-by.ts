import { Operation } from "../approval/operation.ts";
import { BerthError } from "../kit/error.ts";
import type { RunRecord } from "../run/store.ts";
import { Plan } from "../stages/plan/schema.ts";
import { planOf } from "../store/plans.ts";
import type { Store } from "../store/store.ts";
import { actIn } from "./stack-acts.ts";

/** The hash of the plan that a run applies, or by which that stands to which something is done. Undefined: another version's. */
export const plannedHash = ({ operation }: Pick<RunRecord, "operation">): string | undefined =>
  actIn(operation)?.arguments.plan ?? Operation.options[0].safeParse(operation).data?.plan;

/** The plan of a run, as it was approved. Throws `plan_gone`. */
export function plannedBy({ store }: { store: Store }, run: Pick<RunRecord, "operation">): Plan {
  const plan = plannedHash(run) ?? "";
  const stored = planOf(store, plan);
  if (stored) return Plan.parse(stored.plan);
  throw new BerthError({
    code: "plan_gone",
    message: "The plan of this run is not in the state folder.",
    object: plan.slice(0, 12) || "unknown",
    cause: "The run was made in another state folder.",
    next: "Make the plan anew: berth up",
  });
}
