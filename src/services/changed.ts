import type { Wishes } from "../stages/plan/wishes.ts";
import { mergeWishes } from "../stages/plan/wishes.ts";
import { stackOf } from "../store/stacks.ts";
import { analysisOfPlan } from "./analyze.ts";
import type { Berth } from "./berth.ts";
import { noSuchService } from "./command.ts";
import { type Proposal, propose } from "./propose.ts";
import { standingPlan } from "./stack-facts.ts";
import { storedPlan } from "./stored-plan.ts";

/** A plan as it is wished otherwise now. Throws `no_such_plan`. */
export async function proposeChanged(
  berth: Berth,
  { plan, wishes, updateImages }: { plan: string; wishes: Wishes; updateImages: boolean },
  signal?: AbortSignal,
): Promise<Proposal> {
  const start = storedPlan(berth.store, plan);
  const { source, server, wishes: earlier } = start.plan;
  const analysis = await analysisOfPlan(berth, start.plan);
  const asked = { source, analysis, server: server.name, wishes: mergeWishes(earlier, wishes), updateImages, start };
  return propose(berth, asked, signal);
}

export type Scale = NonNullable<Wishes["services"]>;

/** What stands, with other replicas and limits. Throws `no_such_stack`, `plan_gone`, `no_such_service`. */
export function proposeScaled(berth: Berth, stack: string, services: Scale, signal?: AbortSignal): Promise<Proposal> {
  const standing = standingPlan(berth, stack);
  const unknown = Object.keys(services).find((name) => !standing.services.some((service) => service.name === name));
  if (unknown !== undefined) throw noSuchService(standing, unknown);
  const plan = stackOf(berth.store, stack)?.appliedPlan ?? "";
  return proposeChanged(berth, { plan, wishes: { env: {}, services }, updateImages: false }, signal);
}
