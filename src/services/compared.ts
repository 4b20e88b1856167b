import type { StandingPlan } from "../stages/plan/differences.ts";
import { Plan } from "../stages/plan/schema.ts";
import { planOf } from "../store/plans.ts";
import { stackOf } from "../store/stacks.ts";
import type { Berth } from "./berth.ts";
import type { ChosenPlan } from "./grants.ts";
import { knownSerial } from "./plan-base.ts";
import { deployments } from "./run-facts.ts";

/**
 * What a plan would replace, for the person who approves it: undefined where nothing stands, or something that was not
 * applied from here. `serial`: how often a plan of the stack was applied, as its server says.
 */
export function comparedWith(berth: Berth, { plan, hash }: ChosenPlan, serial: number): StandingPlan | undefined {
  const { store } = berth;
  if (serial === 0 || knownSerial(store, plan) !== serial) return undefined;
  const applied = planOf(store, stackOf(store, plan.stack)?.appliedPlan ?? "");
  const stands = Plan.safeParse(applied?.plan).data;
  if (!applied || !stands) return undefined;
  const before = deployments(berth, plan.stack).find((run) => run.plan === hash && hash !== applied.hash);
  return { plan: stands, hash: applied.hash, appliedOn: before?.created.slice(0, 10) };
}
