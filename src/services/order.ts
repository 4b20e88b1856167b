import { hashOf } from "../kit/canonical.ts";
import { BerthError } from "../kit/error.ts";
import { callsOf, type Part, parts } from "../pipeline.ts";
import type { Preview } from "../run/preview.ts";
import { type RunState, stateOf } from "../run/runs.ts";
import type { Plan } from "../stages/plan/schema.ts";
import { runStore, runs } from "../store/runs.ts";
import type { Berth } from "./berth.ts";
import type { ChosenPlan } from "./grants.ts";
import { plannedBy } from "./planned-by.ts";

/**
 * Throws `part_missing` where a part that comes before those that are asked for is neither done nor holds. `look` is
 * called where the runs here do not tell: a preview that holds the steps of these parts.
 */
export async function assertEarlierHold(
  berth: Berth,
  chosen: ChosenPlan,
  asked: readonly Part[],
  look: (missing: readonly Part[]) => Promise<readonly Preview[]>,
): Promise<void> {
  const missing = earlierThan(asked).filter((part) => lastTry(berth, chosen.plan, part)?.state !== "done");
  if (missing.length === 0) return;
  for (const part of missing) {
    const going = lastTry(berth, chosen.plan, part);
    if (going && (going.state === "running" || going.state === "pending")) throw stillGoing(chosen, part, going.run);
  }
  const previews = await look(missing);
  for (const part of missing) {
    const ids = new Set(callsOf(chosen.plan, [part]).map(({ id }) => id));
    const open = previews.filter(({ id, holds }) => ids.has(id) && !holds).length;
    if (open > 0) throw partMissing(chosen, part, open, lastTry(berth, chosen.plan, part));
  }
}

/** What stands before the last part that is asked for and is not asked for itself. */
const earlierThan = (asked: readonly Part[]): Part[] =>
  parts.filter((part, n) => !asked.includes(part) && parts.slice(n).some((later) => asked.includes(later)));

interface Try {
  run: string;
  state: RunState;
}

/**
 * The newest run that had this part to do where this plan would do it: on its server, which stacks share, or of its stack.
 * Undefined where there is none, or where that one did something else, so that what stands there is not known.
 */
function lastTry(berth: Berth, plan: Plan, part: Part): Try | undefined {
  const { store, machine } = berth;
  const theirs = part === "provision" ? {} : { stack: plan.stack };
  for (const run of runs(store, theirs)) {
    // What was built and deployed before is gone, and so are the ports that it had opened.
    if (run.stack === plan.stack && run.parts.includes("destroy")) return undefined;
    if (!run.parts.includes(part)) continue;
    const its = plannedBy(berth, run);
    if (its.server.name !== plan.server.name) continue;
    const same = hashOf(callsOf(its, [part])) === hashOf(callsOf(plan, [part]));
    return same ? { run: run.id, state: stateOf(runStore(store), run.id, machine) } : undefined;
  }
  return undefined;
}

const tools: Record<Part, string> = {
  provision: "provision_server",
  build: "build_images",
  deploy: "deploy_stack",
};

const missingPart = ({ plan, hash }: ChosenPlan, part: Part, cause: string, next: string) =>
  new BerthError({
    code: "part_missing",
    message: `An earlier part of this plan has to be done first: ${part}.`,
    object: `${plan.stack}, plan ${hash.slice(0, 12)}`,
    cause,
    next,
  });

const stillGoing = (chosen: ChosenPlan, part: Part, run: string) =>
  missingPart(
    chosen,
    part,
    `The run ${run} is still doing it.`,
    `Wait for it with get_run ${run}, then call this again.`,
  );

function partMissing(chosen: ChosenPlan, part: Part, open: number, last: Try | undefined): BerthError {
  const cause = `${open} of its steps do not hold.`;
  return last
    ? missingPart(
        chosen,
        part,
        `${cause} The run ${last.run}, which was doing it, is ${last.state.replace("_", " ")}.`,
        `See why with get_run ${last.run}; then call ${tools[part]} with this plan, and then this again.`,
      )
    : missingPart(chosen, part, cause, `Call ${tools[part]} with this plan, and when its run is done, this again.`);
}
