import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { Plan } from "../stages/plan/schema.ts";
import { planOf, type StoredPlan } from "../store/plans.ts";
import type { Store } from "../store/store.ts";

/** By its hash, whole or by at least 8 of its first characters. Throws `no_such_plan`. */
export function storedPlan(store: Store, wanted: string): Omit<StoredPlan, "plan"> & { plan: Plan } {
  const stored = planOf(store, wanted);
  if (stored) return { ...stored, plan: Plan.parse(stored.plan) };
  throw new BerthError({
    code: "no_such_plan",
    message: "There is no plan of this hash here.",
    object: cleanLine(wanted, 64),
    cause: "A plan is named by its hash, or by at least 8 of its first characters; or it is in another state folder.",
    next: "List what was applied: berth runs",
  });
}
