import { expect, test } from "vitest";
import { callsOf } from "../pipeline.ts";
import { planInput } from "../stages/plan/fixture.ts";
import { makePlan } from "../stages/plan/make.ts";
import { assertCallsOf } from "./planned-calls.ts";

test("a run whose steps are not those of its plan is not worked on", () => {
  const plan = makePlan(planInput());
  const run = { id: "run_1", version: "0.1.0", calls: callsOf(plan) };
  expect(() => assertCallsOf(plan, run)).not.toThrow();
  const slipped = run.calls.map((call, n) => (n === 0 ? { ...call, input: { evil: true } } : call));
  for (const calls of [slipped, run.calls.slice(1), []])
    expect(() => assertCallsOf(plan, { ...run, calls })).toThrow(expect.objectContaining({ code: "calls_changed" }));
});
