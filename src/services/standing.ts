import { BerthError } from "../kit/error.ts";
import type { Plan } from "../stages/plan/schema.ts";
import { Plan as PlanSchema } from "../stages/plan/schema.ts";
import type { ServerFacts } from "../stages/survey/server-facts.ts";
import { planOf } from "../store/plans.ts";
import { stackOf } from "../store/stacks.ts";
import type { Store } from "../store/store.ts";

/** What stands of a stack, and whose word that is. */
export interface Standing {
  /** How often a plan of it was applied whole, as its server says. */
  serial: number;
  /** The plan that was applied last; null where there is none, or none that this version of Berth reads. */
  last: Plan | null;
  /** Never applied: not as the server says, and not as the state folder remembers. */
  newStack: boolean;
  /** What was applied last is the server's word alone: this state folder does not know it. */
  unknownHere: boolean;
}

/**
 * Reads what a server says was applied last. The next plan starts from it, so a server that lies could steer what is built
 * and tried on this machine: where the state folder holds the plan of that hash, its own copy counts, and one that speaks
 * of another stack counts as none.
 */
export function standingOf(
  store: Store,
  { stack, server }: { stack: string; server: string },
  applied: ServerFacts["applied"],
): Standing {
  const known = applied && /^[0-9a-f]{64}$/.test(applied.planHash) ? planOf(store, applied.planHash) : undefined;
  const parsed = PlanSchema.safeParse(known?.plan ?? applied?.plan);
  const last = parsed.success && isOf(stack, parsed.data) ? parsed.data : null;
  const serial = applied?.serial ?? 0;
  return {
    serial,
    last,
    newStack: serial === 0 && stackOf(store, stack)?.server !== server,
    unknownHere: applied !== null && known === undefined,
  };
}

/** The next plan would start from what nobody here has ever read, and make secrets anew that are there. */
export const unknownHere = (stack: string, server: string): BerthError =>
  new BerthError({
    code: "stack_unknown_here",
    message:
      "A stack of this name stands on the server, and what was applied there last is not known to this computer.",
    object: `${stack} on ${server}`,
    cause: "It was applied from another computer, or this state folder is a new one.",
    next: `Read it from its server: berth adopt ${server} --stack ${stack}   then the same command again`,
  });

/** The source that stands under this plan's name, where it is another one: a plan is known by its stack's name alone. */
export function otherSource(store: Store, plan: Plan): string | undefined {
  const applied = planOf(store, stackOf(store, plan.stack)?.appliedPlan ?? "");
  const parsed = PlanSchema.safeParse(applied?.plan);
  if (!parsed.success) return undefined;
  const { name, kind } = parsed.data.source;
  return name === plan.source.name && kind === plan.source.kind ? undefined : `${name} (${kind})`;
}

const isOf = (name: string, { stack, wishes }: Plan) => stack === name && (wishes.stack ?? name) === name;
