import { diffPlans } from "../stages/plan/diff.ts";
import { renderPlan } from "../stages/plan/render.ts";
import { Plan } from "../stages/plan/schema.ts";
import { planBefore, planLines, planOf, type StoredPlan } from "../store/plans.ts";
import { stackOf } from "../store/stacks.ts";
import type { Store } from "../store/store.ts";
import { dirOf } from "./analyses.ts";
import type { Berth } from "./berth.ts";
import { keptAnalysis } from "./kept-analyses.ts";
import type { GitCredentials } from "./source.ts";
import { storedPlan } from "./stored-plan.ts";
import type { PlanDiff, PlanRecord, Plans, PlanWanted } from "./surface.ts";

const listed = 50;

/** What shall be. All that looks at a server is loaded with the first proposal. */
export function plansOf(berth: Berth, fetching: { cwd: string; git: GitCredentials }): Plans {
  const { store } = berth;
  const read = whileUnchanged(store, (hash: string) => recordOf(berth, hash));
  return {
    propose: async (wanted, signal) => recordOf(berth, await proposed(berth, wanted, signal)),
    async redeploy(stack, signal) {
      const { recallAnew } = await import("./redeploy.ts");
      return recordOf(berth, (await recallAnew(berth, stack, { ...fetching, signal })).hash);
    },
    async scale(stack, services, signal) {
      const { proposeScaled } = await import("./changed.ts");
      return recordOf(berth, (await proposeScaled(berth, stack, services, signal)).hash);
    },
    get: read,
    list: (stack) => planLines(store, { stack, most: listed }),
  };
}

/** Remembers what was read until somebody may have written: in a conversation the same plan is asked for again and again. */
function whileUnchanged<T>(store: Store, read: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  let version = "";
  return (key) => {
    const now = store.version();
    if (version !== now) known.clear();
    version = now;
    const found = known.get(key) ?? read(key);
    known.set(key, found);
    return found;
  };
}

/** The hash of a plan that is made from an analysis, or from another plan as it is wished otherwise now. */
async function proposed(
  berth: Berth,
  { from, wishes, updateImages }: PlanWanted,
  signal: AbortSignal,
): Promise<string> {
  if ("analysis" in from) {
    const { propose } = await import("./propose.ts");
    const { place, analysis } = keptAnalysis(berth.store, from.analysis);
    if (place.dir !== null) await dirOf(berth, from.analysis);
    const asked = { source: place, analysis, server: from.server, wishes, updateImages };
    return (await propose(berth, asked, signal)).hash;
  }
  const { proposeChanged } = await import("./changed.ts");
  return (await proposeChanged(berth, { plan: from.plan, wishes, updateImages }, signal)).hash;
}

function recordOf({ store }: Berth, wanted: string): PlanRecord {
  const stored = storedPlan(store, wanted);
  const { hash, stack, created, plan } = stored;
  const applied = stackOf(store, stack)?.appliedPlan ?? "";
  return {
    hash,
    stack,
    created,
    plan,
    text: renderPlan(plan, hash),
    sinceLast: diffFrom(planBefore(store, stored), plan),
    sinceApplied: diffFrom(planOf(store, applied), plan),
  };
}

/** Null where there is nothing to compare with, or nothing that this version of Berth can read. */
function diffFrom(other: StoredPlan | undefined, plan: Plan): PlanDiff | null {
  const before = other && Plan.safeParse(other.plan).data;
  return before ? { against: other.hash, changes: diffPlans(before, plan) } : null;
}
