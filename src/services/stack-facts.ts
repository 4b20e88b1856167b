import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { addressesOf } from "../stages/plan/addresses.ts";
import { Plan } from "../stages/plan/schema.ts";
import { planOf } from "../store/plans.ts";
import { type StoredStack, stackOf, stacks } from "../store/stacks.ts";
import type { Store } from "../store/store.ts";
import type { Berth } from "./berth.ts";
import type { StackLine, StackStatus } from "./surface.ts";

/** What was applied from this state folder, as it remembers; no server is asked. */
export const listStacks = ({ store }: Berth): StackLine[] => stacks(store).map((stack) => lineOf(store, stack));

/** Throws `no_such_stack`. */
export function stackLine({ store }: Berth, name: string): StackLine {
  const stack = stackOf(store, name);
  if (!stack) throw noSuchStack(store, name);
  return lineOf(store, stack);
}

/** The plan that a stack stands by, as this computer remembers. Throws `no_such_stack`, `plan_gone`. */
export function standingPlan(berth: Berth, name: string): Plan {
  const line = stackLine(berth, name);
  const plan = appliedPlan(berth.store, line.plan);
  if (plan) return plan;
  throw planGone(name, line.plan);
}

/**
 * Looks at the server of a stack. Throws `no_such_stack`, `plan_gone`, and what keeps a connection from being made. What it
 * needs for that is loaded with the first call.
 */
export async function stackStatus(berth: Berth, name: string, signal: AbortSignal): Promise<StackStatus> {
  const line = stackLine(berth, name);
  const plan = standingPlan(berth, name);
  const { lookAt } = await import("./stack-status.ts");
  return { ...line, ...(await lookAt(berth, plan, signal)) };
}

const lineOf = (store: Store, { name, server, appliedPlan: plan, serial, updated }: StoredStack): StackLine => ({
  name,
  server,
  plan,
  serial,
  addresses: addressesOf(appliedPlan(store, plan) ?? { routes: [] }),
  updated,
});

/** Undefined where this state folder does not hold it, or this version of Berth cannot read it. */
function appliedPlan(store: Store, hash: string | null): Plan | undefined {
  const stored = hash === null ? undefined : planOf(store, hash);
  return stored && Plan.safeParse(stored.plan).data;
}

export function noSuchStack(store: Store, name: string): BerthError {
  const known = stacks(store).map((stack) => stack.name);
  return new BerthError({
    code: "no_such_stack",
    message: "No stack of this name was applied from this computer.",
    object: cleanLine(name, 80),
    cause: known.length === 0 ? "None was applied from here yet." : `Known here: ${known.join(", ")}.`,
    next: "Take one of these names, or deploy it first: berth up SOURCE --server SERVER",
  });
}

const planGone = (name: string, hash: string | null) =>
  new BerthError({
    code: "plan_gone",
    message: "The plan that this stack stands by is not in the state folder, so nothing can be compared with it.",
    object: name,
    cause: hash === null ? "None was noted." : `${hash.slice(0, 12)} is missing, or is of another version of Berth.`,
    next: "Deploy the stack again from its source: berth up SOURCE --server SERVER",
  });
