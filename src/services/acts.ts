import type { Grant } from "../approval/grant.ts";
import type { Base } from "../approval/operation.ts";
import { BerthError } from "../kit/error.ts";
import { callsOf, type Part } from "../pipeline.ts";
import type { Preview } from "../run/preview.ts";
import { assertOpen, runOf, stateOf } from "../run/runs.ts";
import { renderSummary } from "../stages/plan/summary.ts";
import { runStore } from "../store/runs.ts";
import { hear, type Matter } from "./asking.ts";
import type { Berth } from "./berth.ts";
import { comparedWith } from "./compared.ts";
import { type ChosenPlan, knownGrant, operationOf, useOf } from "./grants.ts";
import { addressOf } from "./kept-analyses.ts";
import { assertEarlierHold } from "./order.ts";
import { baseOf, knownSerial, serialIn } from "./plan-base.ts";
import { look, preview, resume, start } from "./runs.ts";
import { otherSource } from "./standing.ts";
import { storedPlan } from "./stored-plan.ts";
import type { Asker, PartOutcome, StepPreview } from "./surface.ts";

/** How long a worker that was started is waited for, in ms: who asked gets the run's id within 2 s. */
const waitMs = 1000;

/** What parts of a stored plan would do, seen by looking alone. Throws `no_such_plan`. */
export async function previewParts(
  berth: Berth,
  wanted: string,
  asked: readonly Part[],
  signal: AbortSignal,
): Promise<StepPreview[]> {
  return preview(berth, storedPlan(berth.store, wanted).plan, signal, asked);
}

/**
 * Starts parts of a stored plan under a grant, or answers the run that has them, which for one that is done means that all
 * of it still holds. Where there is no grant the person is asked, by the asker and by nothing else; where nothing would
 * change, nobody is. Throws `no_such_plan`, `part_missing`, `base_changed`, and what the asker throws.
 */
export async function startParts(
  berth: Berth,
  wanted: string,
  asked: readonly Part[],
  asker: Asker,
  signal: AbortSignal,
): Promise<PartOutcome> {
  const chosen = storedPlan(berth.store, wanted);
  const given = knownGrant(berth, chosen);
  const going = given && (await goOn(berth, chosen, given, asked, signal));
  if (going) return going;

  const { base, previews } = await look(berth, chosen.plan, signal);
  const ids = new Set(callsOf(chosen.plan, asked).map(({ id }) => id));
  if (previews.every(({ id, holds }) => holds || !ids.has(id))) {
    const run = given && useOf(berth, given.id, asked).done;
    return run === undefined ? { status: "nothing_to_do", steps: ids.size } : { status: "run", run, fresh: false };
  }
  await assertEarlierHold(berth, chosen, asked, async () => previews);
  const heard = await hear(berth, matterOf(berth, chosen, base, previews), asker);
  if (heard.status !== "granted") return heard;
  return begin(berth, chosen, heard.grant, asked, signal);
}

/**
 * Goes on with a run under the grant that it has. Throws `no_such_run`, `run_over`, and `run_cancelled`: what a person has
 * stopped goes on by a person's word.
 */
export async function resumeRun(berth: Berth, run: string): Promise<void> {
  const runs = runStore(berth.store);
  assertOpen(runs, runOf(runs, run).id, "apply");
  if (stateOf(runs, run, berth.machine) === "cancelled") throw stoppedByPerson(run);
  await resume(berth, run, waitMs);
}

/** Goes on under a grant that is there. Undefined where all of this is done: then the world tells whether it is still so. */
async function goOn(
  berth: Berth,
  chosen: ChosenPlan,
  grant: Grant,
  asked: readonly Part[],
  signal: AbortSignal,
): Promise<PartOutcome | undefined> {
  const { unfinished, left } = useOf(berth, grant.id, asked);
  if (unfinished !== undefined) return workAgain(berth, unfinished);
  if (left.length === 0) return undefined;
  await assertEarlierHold(berth, chosen, left, (missing) => preview(berth, chosen.plan, signal, missing));
  return begin(berth, chosen, grant, left, signal);
}

async function begin(
  berth: Berth,
  chosen: ChosenPlan,
  grant: Grant,
  wanted: readonly Part[],
  signal: AbortSignal,
): Promise<PartOutcome> {
  // Who has gone away meanwhile gets nothing started: the grant stays for the next call.
  signal.throwIfAborted();
  const { run, fresh } = await start(berth, chosen, grant, { wanted, waitMs });
  return { status: "run", run, fresh };
}

async function workAgain(berth: Berth, run: string): Promise<PartOutcome> {
  const goesOn = stateOf(runStore(berth.store), run, berth.machine) === "running";
  if (!goesOn) await resume(berth, run, waitMs);
  return { status: "run", run, fresh: !goesOn };
}

/** A grant covers all parts of a plan, so the person is shown the steps of all, whichever part was asked for first. */
function matterOf(berth: Berth, chosen: ChosenPlan, base: Base, previews: readonly Preview[]): Matter {
  const { store } = berth;
  const { plan, hash } = chosen;
  const serial = serialIn(base, plan);
  const about = {
    from: addressOf(store, plan.source),
    replaces: otherSource(store, plan),
    startsFromUnknown: serial > knownSerial(store, plan),
    stands: comparedWith(berth, chosen, serial),
  };
  return {
    operation: operationOf(chosen),
    base,
    baseNow: () => {
      const known = knownSerial(store, plan);
      return known > serial ? baseOf(plan, known) : base;
    },
    message: (request) => renderSummary(plan, hash, previews, { ...about, request }),
    word: plan.stack,
    grave: previews.some(({ effect, holds }) => !holds && (effect === "spend" || effect === "destroy")),
  };
}

const stoppedByPerson = (run: string) =>
  new BerthError({
    code: "run_cancelled",
    message: "This run was cancelled by a person, so it goes on when a person says so.",
    object: run,
    cause: "A cancel takes back the approval that the run had.",
    next: `Call the part's tool with the plan again, which asks for approval; or in a terminal: berth resume ${run}`,
  });
