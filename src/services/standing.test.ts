import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { planInput } from "../stages/plan/fixture.ts";
import { makePlan, planHash } from "../stages/plan/make.ts";
import { openStore } from "../store/open.ts";
import { putPlan } from "../store/plans.ts";
import { putStack } from "../store/stacks.ts";
import { otherSource, standingOf } from "./standing.ts";

const home = mkdtempSync(join(tmpdir(), "berth-standing-"));
const stores: ReturnType<typeof openStore>[] = [];
const fresh = () => {
  const store = openStore(join(home, String(stores.length)));
  stores.push(store);
  return store;
};
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
  rmSync(home, { recursive: true, force: true });
});

const plan = makePlan(planInput());
const { stack } = plan;
const at = { stack, server: "shop" };

test("the state folder's own copy counts, whatever the server puts beside its hash", () => {
  const store = fresh();
  putPlan(store, { stack, serial: 0, plan, created: "" });
  const forged = structuredClone(plan);
  forged.wishes.env["NODE_OPTIONS"] = "--import=data:text/javascript,evil()";
  const standing = standingOf(store, at, { serial: 1, planHash: planHash(plan), plan: forged });
  expect(standing).toMatchObject({ serial: 1, newStack: false, unknownHere: false });
  expect(standing.last).toEqual(plan);
});

test("what the state folder does not know is the server's word, and is called that", () => {
  const standing = standingOf(fresh(), at, { serial: 4, planHash: planHash(plan), plan });
  expect(standing).toMatchObject({ serial: 4, newStack: false, unknownHere: true });
  const unread = standingOf(fresh(), at, { serial: 4, planHash: planHash(plan), plan: { version: 2 } });
  expect(unread).toMatchObject({ last: null, unknownHere: true });
  expect(standingOf(fresh(), at, null).unknownHere).toBe(false);
});

test("a plan that names or wishes another stack counts as none", () => {
  const wished = { ...plan, wishes: { ...plan.wishes, stack: "payroll" } };
  for (const plan of [wished, { ...wished, stack: "payroll" }, { version: 2 }, null])
    expect(standingOf(fresh(), at, { serial: 1, planHash: "", plan })).toMatchObject({ last: null, newStack: false });
});

test("a server that forgets what was applied does not make a stack new", () => {
  const store = fresh();
  expect(standingOf(store, at, null).newStack).toBe(true);
  putStack(store, { name: stack, server: "shop", appliedPlan: planHash(plan), serial: 3, updated: "" });
  expect(standingOf(store, at, null).newStack).toBe(false);
  expect(standingOf(store, { stack, server: "other" }, null).newStack).toBe(true);
});

test("another source under the stack's name is named; a newer version of the same one is not", () => {
  const store = fresh();
  const other = { ...plan, source: { ...plan.source, name: "payroll", kind: "git" as const } };
  expect(otherSource(store, other)).toBeUndefined();
  putPlan(store, { stack, serial: 0, plan, created: "" });
  putStack(store, { name: stack, server: "shop", appliedPlan: planHash(plan), serial: 1, updated: "" });
  expect(otherSource(store, other)).toBe(`${plan.source.name} (${plan.source.kind})`);
  expect(otherSource(store, { ...plan, source: { ...plan.source, revision: "newer" } })).toBeUndefined();
});
