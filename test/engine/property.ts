import fc from "fast-check";
import { expect, vi } from "vitest";
import { BerthError } from "../../src/kit/error.ts";
import type { RunEvent } from "../../src/run/event.ts";
import { verifyJournal } from "../../src/run/journal.ts";
import type { StepCall } from "../../src/run/step.ts";
import { simulateTimers } from "./computer.ts";
import { happenings, plans, worlds } from "./happenings.ts";
import { takingsIn, unlawful } from "./law.ts";
import { openStory, type Story } from "./story.ts";
import { wasShown } from "./witness.ts";
import { hasUndo, inputOf, isOnce, shows, type World } from "./world.ts";

/**
 * Any order of crash, freeze, takeover, cancel, rollback, failure and change by others: the run ends in the plan's world,
 * taken back, or with an honest failure, and no line of its journal was ever untrue. Answers how the stories ended, and
 * throws the shortest that ends otherwise, with its seed.
 */
export async function tellStories(numRuns: number): Promise<Set<string>> {
  const ends = new Set<string>();
  simulateTimers();
  try {
    await fc.assert(
      fc.asyncProperty(plans, worlds, happenings, async (calls, things, all) => {
        const story = openStory(calls, things);
        try {
          for (const happening of all) await story.happen(happening);
          ends.add(await undisturbed(story, calls));
          await wakeAll(story);
          judge(story, calls);
        } finally {
          story.close();
        }
      }),
      { numRuns },
    );
    return ends;
  } finally {
    vi.unstubAllGlobals();
  }
}

/** How a story may end. */
export const allEnds = ["already done", "already rolled_back", "done", "rolled back", "superseded", "vanished"];

/** What still lives goes on to its end, and one more worker brings the run to its own, with nothing in its way. */
async function undisturbed(story: Story, calls: StepCall[]): Promise<string> {
  const { world, state, computer, workers } = story;
  world.faults.length = 0;
  state.full = false;
  for (const process of computer.living()) process.death = undefined;
  for (const worker of workers) if (worker.process.alive && !worker.process.frozen) await story.finish(worker);
  computer.pass(40);
  const events = story.events();
  const over = events.findLast((event) => event.event === "ended")?.state;
  const takingBack = events.some((event) => event.event === "taken" && event.action === "rollback");
  if (over === "rolled_back" || (over === "done" && !takingBack)) {
    const { refused } = await story.start("apply");
    expect(refused).toMatchObject({ code: "run_over" });
    return `already ${over}`;
  }
  return takingBack ? takesBack(story, calls) : applies(story, calls);
}

async function applies(story: Story, calls: StepCall[]): Promise<string> {
  const { world, state } = story;
  const rows = story.rows();
  const vanished = calls.find((call) => isOnce(call) && wasShown(rows, call.id) && !stands(world, call));
  const { outcome } = await story.finish(await story.start("apply"));
  if (state.superseded) {
    expect(outcome).toMatchObject({ state: "failed", step: null, failure: { code: "superseded" } });
    return "superseded";
  }
  if (vanished) {
    expect(outcome).toMatchObject({ state: "failed", step: vanished.id, failure: { code: "vanished" } });
    return "vanished";
  }
  expect(outcome).toEqual({ state: "done" });
  // What a migration has made stands for the container that was made for it.
  for (const call of calls) expect([call.id, stands(world, call)]).toEqual([call.id, true]);
  return "done";
}

/** Of what this run made nothing is left but what it names; what it did not make is as it was. */
async function takesBack(story: Story, calls: StepCall[]): Promise<string> {
  const { world } = story;
  const befores = firstBefores(story.events());
  const was = new Map(world.things);
  const { outcome } = await story.finish(await story.start("rollback"));
  const valueIn = (things: Map<string, string>, call: StepCall) => things.get(inputOf(call).key) ?? null;
  const left = calls.filter((call) => {
    const before = befores.get(call.id);
    return before !== undefined && !hasUndo(call) && valueIn(was, call) !== before;
  });
  expect(outcome).toEqual({ state: "rolled_back", left: left.map(({ id }) => id).toReversed() });
  const expected = new Map<string, string | null>(was);
  for (const call of calls) {
    const before = befores.get(call.id);
    if (before !== undefined && hasUndo(call)) expected.set(inputOf(call).key, before);
  }
  expect(Object.fromEntries(world.things)).toEqual(Object.fromEntries([...expected].filter(([, value]) => value)));
  return "rolled back";
}

/** What stood there when the run first began each step that it has not taken back. */
function firstBefores(events: readonly RunEvent[]): Map<string, string | null> {
  const befores = new Map<string, string | null>();
  for (const event of events) {
    if (event.event === "undone") befores.delete(event.step);
    if (event.event !== "started" || befores.has(event.step)) continue;
    befores.set(event.step, (event.before as { value: string | null }).value);
  }
  return befores;
}

const stands = ({ things }: World, call: StepCall) => shows(call, things.get(inputOf(call).key) ?? null);

/** Whoever stood still for all that time finds that the run is another's: it writes nothing more. */
async function wakeAll(story: Story): Promise<void> {
  const lines = story.rows().length;
  for (const worker of story.workers.filter(({ process }) => process.alive)) {
    worker.process.thaw();
    await story.finish(worker);
    expect(worker.refused).toMatchObject({ code: "lease_lost" });
  }
  expect(story.rows()).toHaveLength(lines);
}

function judge(story: Story, calls: StepCall[]): void {
  const { witness, workers, world, run, store } = story;
  const events = story.events();
  expect(witness.wrongs).toEqual([]);
  expect(unlawful(events, calls)).toBeUndefined();
  expect(verifyJournal(story.rows())).toEqual({ intact: true });
  for (const [key, count] of world.starts) expect([key, count]).toEqual([key, 1]);
  for (const { refused } of workers) if (refused !== undefined) expect(codeOf(refused)).toMatch(refusals);

  for (const [taken, ...lines] of takingsIn(events.slice(1))) {
    if (taken?.event !== "taken") continue;
    const { fence } = taken;
    const own = workers.filter((worker) => worker.fence === fence);
    expect(own).toHaveLength(1);
    const seqs = [taken, ...lines].map((line) => events.indexOf(line) + 1);
    for (const seq of seqs) expect(witness.writers.get(seq)).toBe(own[0]?.process.id);
    const last = lines.at(-1);
    if (last?.event === "ended") {
      if (last.state === "cancelled") expect(store.cancelled(run, fence)).toBe(true);
      if (last.state === "interrupted") expect(own[0]?.process.term.signal.aborted).toBe(true);
      // What nobody expected is a bug, and no failure to tell anybody.
      if (last.state === "failed") expect(last.failure?.code).toMatch(/^(?!internal$)./);
    } else expect(own[0]?.outcome).toBeUndefined();
  }
}

const codeOf = (error: unknown) => (error instanceof BerthError ? error.code : String(error));
const refusals = /^(run_busy|run_over|lease_lost|store_unwritable|Error: dead)$/;
