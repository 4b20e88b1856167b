import { BerthError } from "../kit/error.ts";
import { steps } from "../pipeline.ts";
import { createRunner } from "../run/runner.ts";
import { lookAtLoss, renderLoss } from "../stages/operate/destroy/loss.ts";
import { planHash } from "../stages/plan/make.ts";
import { Plan } from "../stages/plan/schema.ts";
import { planOf } from "../store/plans.ts";
import { removeStack, stackOf } from "../store/stacks.ts";
import type { ProposedAct } from "./act-runs.ts";
import type { Berth } from "./berth.ts";
import { lookingOnly } from "./contexts.ts";
import { callsOfAct } from "./planned-calls.ts";
import { listRuns } from "./run-facts.ts";
import type { StackAct } from "./stack-acts.ts";
import { noSuchStack } from "./stack-facts.ts";
import { openWorld } from "./world.ts";

/**
 * Looks at what there is of a stack, and says what is lost with it. Undefined where nothing is left of it, which is then
 * noted here. Throws `no_such_stack`, `plan_gone`, `stands_otherwise`.
 */
export async function proposeDestruction(
  berth: Berth,
  stack: string,
  signal: AbortSignal,
): Promise<ProposedAct | undefined> {
  const plan = planToDestroy(berth, stack);
  const world = await openWorld(berth, plan, "preview", () => undefined, { builds: false });
  try {
    const { base, applied } = await world.standing();
    if (applied !== null && applied !== planHash(plan)) throw standsOtherwise(stack, applied);
    const loss = await lookAtLoss(plan, world.host);
    const volumes = loss.volumes.map(({ name, holds }) => ({ name, holds }));
    const about = { stack, server: plan.server.name, plan: planHash(plan) };
    const act: StackAct = { act: "destroy_stack", arguments: { ...about, volumes } };
    const runner = createRunner(steps, lookingOnly(world.shared));
    const previews = await runner.preview(callsOfAct(plan, act, ""), signal);
    if (applied === null && previews.every(({ holds }) => holds)) {
      removeStack(berth.store, stack);
      return undefined;
    }
    return { act, plan, base, text: renderLoss(plan, loss), question: `Destroy ${stack}?`, word: stack };
  } finally {
    await world.close();
  }
}

/** What stands; of a stack that never stood whole, what was begun last. */
function planToDestroy(berth: Berth, stack: string): Plan {
  const { store } = berth;
  const hash = stackOf(store, stack)?.appliedPlan ?? listRuns(berth, stack)[0]?.plan;
  if (hash === undefined) throw noSuchStack(store, stack);
  const plan = Plan.safeParse(planOf(store, hash)?.plan).data;
  if (plan) return plan;
  throw new BerthError({
    code: "plan_gone",
    message: "The plan that this stack stands by is not in the state folder, so it is not known what to take away.",
    object: stack,
    cause: `${hash.slice(0, 12)} is missing, or is of another version of Berth.`,
    next: "Read the stack from its server: berth adopt ssh://USER@HOST",
  });
}

const standsOtherwise = (stack: string, applied: string) =>
  new BerthError({
    code: "stands_otherwise",
    message: "Another plan of this stack was applied since, from another computer.",
    object: stack,
    cause: `On its server stands plan ${applied.slice(0, 12)}, which is not what this computer applied last.`,
    next: "Read the stack from its server: berth adopt ssh://USER@HOST",
  });
