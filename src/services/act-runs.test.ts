import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunEvent } from "../run/event.ts";
import { openJournal } from "../run/journal.ts";
import { openRun } from "../run/runs.ts";
import { recordsGone } from "../stages/operate/destroy/index.ts";
import { planInput } from "../stages/plan/fixture.ts";
import { makePlan } from "../stages/plan/make.ts";
import { addSpending } from "../store/grants.ts";
import { putPlan } from "../store/plans.ts";
import { runStore } from "../store/runs.ts";
import { leftRun, ownActs, type ProposedAct, requestForAct, unusedGrant } from "./act-runs.ts";
import { openedBerth } from "./fixture.ts";
import { grant, grantFor, isOutlived, operationOf, requestFor } from "./grants.ts";
import { baseOf } from "./plan-base.ts";
import { leftCommand, leftDestruction } from "./stack-acting.ts";
import { operationOfAct, partOf, type StackAct } from "./stack-acts.ts";

let berth: ReturnType<typeof openedBerth>;
beforeEach(() => {
  berth = openedBerth();
});
afterEach(() => berth.remove());

const plan = makePlan(planInput());
const { stack } = plan;
const about = () => {
  const hash = putPlan(berth.store, { stack, serial: 1, plan, created: "" });
  return { stack, server: plan.server.name, plan: hash };
};
const destroy = (): StackAct => ({ act: "destroy_stack", arguments: { ...about(), volumes: [] } });
const command = (...argv: string[]): StackAct => {
  return { act: "run_command", arguments: { ...about(), service: "web", argv } };
};
const proposed = (act: StackAct): ProposedAct => {
  return { act, plan, base: baseOf(plan, 1), text: "", question: "", word: null };
};

/** The run of an act that a person has approved, as far as its journal says. */
function ran(act: StackAct, ...events: RunEvent[]) {
  const asked = proposed(act);
  const given = grant(berth, asked, requestForAct(berth, asked), "terminal");
  const runs = runStore(berth.store);
  const parts = [partOf(act)];
  const record = { stack, operation: operationOfAct(act), grant: given.id, parts, calls: [], version: "0" };
  const { id } = openRun(runs, record, () => new Date());
  for (const part of parts) addSpending(berth.store, given.id, part, id);
  for (const event of events) openJournal(runs, id, 0, () => new Date()).append(event);
  return { run: id, given };
}
const ended = (state: "done" | "failed" | "cancelled"): RunEvent => ({ event: "ended", state });

test("an approval of an act is for one run, and for what was shown", () => {
  const act = command("date");
  const asked = proposed(act);
  expect(unusedGrant(berth, asked)).toBeUndefined();
  const { id } = grant(berth, asked, requestForAct(berth, asked), "terminal");
  expect(unusedGrant(berth, asked)?.id).toBe(id);
  expect(unusedGrant(berth, proposed(command("date", "-u")))).toBeUndefined();
  expect(unusedGrant(berth, { ...asked, base: baseOf(plan, 2) })).toBeUndefined();
  ran(act);
  expect(unusedGrant(berth, asked)?.id).toBe(id);
  const { run } = ran(act);
  addSpending(berth.store, id, "command", run);
  expect(unusedGrant(berth, asked)).toBeUndefined();
});

test("who types the same again goes on with what was left, and with nothing else", () => {
  const { run } = ran(command("date"));
  const wanted = { stack, service: "web", argv: ["date"] };
  expect(leftCommand(berth, wanted)).toBe(run);
  expect(leftCommand(berth, { ...wanted, argv: ["date", "-u"] })).toBeUndefined();
  expect(leftDestruction(berth, stack)).toBeUndefined();
  const other = ran(destroy());
  expect(leftDestruction(berth, stack)).toBe(other.run);
  // Something else was done since.
  expect(leftCommand(berth, wanted)).toBeUndefined();
});

test.each([
  ["done", false, false],
  ["cancelled", false, false],
  // What was begun to be taken away has to go; a command that failed might fail for ever.
  ["failed", true, false],
] as const)("one that is %s", (state, destruction, ofCommand) => {
  ran(destroy(), ended(state));
  expect(leftRun(berth, stack, () => true) !== undefined).toBe(destruction);
  ran(command("date"), ended(state));
  expect(leftRun(berth, stack, () => true) !== undefined).toBe(ofCommand);
});

test("who destroys a stack takes away what its own approval rests on, and may go on after that", () => {
  const record: RunEvent = { event: "started", step: recordsGone, title: "", before: null };
  const { given } = ran(destroy(), record);
  expect(ownActs(berth, plan, baseOf(plan, 0))(given)).toEqual([`stack.${stack}.serial`]);
  // Deployed anew meanwhile: that is not its own work.
  expect(ownActs(berth, plan, baseOf(plan, 2))(given)).toEqual([]);
  const early = ran(destroy());
  expect(ownActs(berth, plan, baseOf(plan, 0))(early.given)).toEqual([]);
});

test("after a stack was destroyed nothing that was approved before counts, though the count of its plans begins anew", async () => {
  const { plan: hash } = about();
  const chosen = { plan, hash };
  const proposal = { ...chosen, base: baseOf(plan, 0), applied: null };
  const { id, created } = grant(berth, proposal, requestFor(berth, proposal), "terminal");
  expect(grantFor(berth, proposal)?.id).toBe(id);
  expect(isOutlived(berth, stack, created)).toBe(false);
  await expect.poll(() => Date.now()).toBeGreaterThan(created);
  ran(destroy(), ended("done"));
  expect(isOutlived(berth, stack, created)).toBe(true);
  expect(grantFor(berth, proposal)).toBeUndefined();
  expect(isOutlived(berth, "blog", created)).toBe(false);
  await expect.poll(() => Date.now()).toBeGreaterThan(created + 5);
  const again = grant(berth, proposal, requestFor(berth, proposal), "terminal");
  expect(operationOf(chosen)).toMatchObject({ plan: hash });
  expect(grantFor(berth, proposal)?.id).toBe(again.id);
});
