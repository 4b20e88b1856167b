import { expect, test } from "vitest";
import { callsOf, parts } from "../pipeline.ts";
import { planInput } from "../stages/plan/fixture.ts";
import { makePlan } from "../stages/plan/make.ts";
import { assertCallsOf } from "./planned-calls.ts";

const plan = makePlan(planInput());
const runOf = (...wanted: string[]) => ({ id: "run_1", version: "0.1.0", parts: wanted, calls: callsOf(plan, wanted) });
const changed = expect.objectContaining({ code: "calls_changed" });

test("a run whose steps are not those of its plan is not worked on", () => {
  const run = runOf(...parts);
  expect(() => assertCallsOf(plan, run)).not.toThrow();
  const slipped = run.calls.map((call, n) => (n === 0 ? { ...call, input: { evil: true } } : call));
  for (const calls of [slipped, run.calls.slice(1), []])
    expect(() => assertCallsOf(plan, { ...run, calls })).toThrow(changed);
});

test("a run holds the steps of its own parts, in the plan's order, and of no other", () => {
  expect(parts.flatMap((part) => callsOf(plan, [part]))).toEqual(callsOf(plan));
  expect(callsOf(plan, ["deploy", "provision"])).toEqual([
    ...callsOf(plan, ["provision"]),
    ...callsOf(plan, ["deploy"]),
  ]);
  for (const part of parts) expect(() => assertCallsOf(plan, runOf(part))).not.toThrow();
  expect(() => assertCallsOf(plan, { ...runOf("provision"), parts: ["provision", "deploy"] })).toThrow(changed);
  expect(() => assertCallsOf(plan, { ...runOf(...parts), parts: ["build"] })).toThrow(changed);
});
