import { expect, test } from "vitest";
import { callsOf, parts, steps } from "../pipeline.ts";
import { planInput } from "../stages/plan/fixture.ts";
import { makePlan } from "../stages/plan/make.ts";
import { assertCallsOf, callsOfAct } from "./planned-calls.ts";
import type { StackAct } from "./stack-acts.ts";

const plan = makePlan(planInput());
const approved = { id: "run_1", version: "0.1.0", operation: { kind: "plan" }, grant: "grant_1" };
const runOf = (...wanted: string[]) => ({ ...approved, parts: wanted, calls: callsOf(plan, wanted) });
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

const about = { stack: plan.stack, server: plan.server.name, plan: "0".repeat(64) };
const [{ name: service = "" } = {}] = plan.services;
const destruction = { ...about, volumes: [{ name: "shop-data", holds: "data" }] };
const destroy: StackAct = { act: "destroy_stack", arguments: destruction };
const command: StackAct = { act: "run_command", arguments: { ...about, service, argv: ["ls", "-l"] } };

test("a run of an act holds the steps of what was approved, and of nothing else", () => {
  const run = { ...approved, operation: { kind: "act", ...destroy }, parts: ["destroy"] };
  const calls = callsOfAct(plan, destroy, "grant_1");
  expect(() => assertCallsOf(plan, { ...run, calls })).not.toThrow();
  const other: StackAct = { ...destroy, arguments: { ...destruction, volumes: [] } };
  expect(() => assertCallsOf(plan, { ...run, calls: callsOfAct(plan, other, "grant_1") })).toThrow(changed);
  expect(() => assertCallsOf(plan, { ...run, operation: { kind: "act", ...command }, calls })).toThrow(changed);
});

test("a stack goes in the order in which nobody is hurt: visitors first, data when nothing uses it, the record last", () => {
  const ids = callsOfAct(plan, destroy, "grant_1").map(({ id }) => id);
  expect(ids).toEqual([
    ...["destroy/routes", "destroy/containers", "destroy/network", "destroy/volume/shop-data", "destroy/images"],
    ...["destroy/files", "server/firewall/release", "destroy/record"],
  ]);
});

test("a command that is approved again runs in a container of its own, and one that is resumed in the same", () => {
  const [first, again, same] = ["grant_1", "grant_2", "grant_1"].map((grant) => callsOfAct(plan, command, grant));
  expect(same).toEqual(first);
  expect(again?.[0]?.input).not.toEqual(first?.[0]?.input);
});

test("every step of an act reads its own input", () => {
  for (const act of [destroy, command])
    for (const { kind, input } of callsOfAct(plan, act, "grant_1"))
      expect(steps.find(({ step }) => step.kind === kind)?.step.input.safeParse(input).success).toBe(true);
});
