import { afterEach, beforeEach, expect, test } from "vitest";
import { declineRequest, openRequest } from "../src/approval/request.ts";
import { personAt } from "../src/cli/agent-person.ts";
import type { Terminal } from "../src/cli/terminal.ts";
import { openedBerth } from "../src/services/fixture.ts";
import { requestFor } from "../src/services/grants.ts";
import { baseOf } from "../src/services/plan-base.ts";
import { operationOfAct } from "../src/services/stack-acts.ts";
import { planInput } from "../src/stages/plan/fixture.ts";
import { makePlan } from "../src/stages/plan/make.ts";
import { putPlan } from "../src/store/plans.ts";

let berth: ReturnType<typeof openedBerth>;
beforeEach(() => {
  berth = openedBerth();
});
afterEach(() => berth.remove());

/** Somebody who says yes to whatever they are asked. */
function eager() {
  const shown: string[] = [];
  const asked: string[] = [];
  const say = (text: string) => void shown.push(text);
  const ask = async (question: string) => {
    asked.push(question);
    return "yes";
  };
  const terminal: Terminal = {
    say,
    note: say,
    write: say,
    drained: async () => undefined,
    live: false,
    json: false,
    ask,
    onInterrupt: () => () => {},
  };
  return { person: personAt(berth, terminal), shown, asked };
}

function opened() {
  const plan = makePlan(planInput());
  const hash = putPlan(berth.store, { stack: plan.stack, serial: 0, plan, created: "" });
  return { hash, request: requestFor(berth, { plan, hash, base: baseOf(plan, 0) }).id };
}
const dialog = (request: string) => ({ message: `Apply it?\nIn a terminal: berth approve ${request}`, typed: null });

test("what a person approves is shown whole, as the store has it, before they are asked", async () => {
  const { hash, request } = opened();
  const { person, shown, asked } = eager();
  expect(await person.decide(dialog(request))).toBe("accept");
  expect(shown[0]).toContain(`Plan ${hash.slice(0, 12)} for`);
  expect(asked).toHaveLength(1);
});

test("where no such approval is open, nobody is asked and nothing is approved", async () => {
  const { request } = opened();
  const { person, asked } = eager();
  declineRequest(berth.store, request, Date.now());
  const none = { message: "Apply it?", typed: null };
  for (const question of [dialog(request), dialog("request_0"), none])
    expect(await person.decide(question)).toBe("cancel");
  expect(asked).toEqual([]);
});

test("an act on a stack is shown by its exact words, also where these try to be lines of their own", async () => {
  const plan = makePlan(planInput());
  const hash = putPlan(berth.store, { stack: plan.stack, serial: 0, plan, created: "" });
  const about = { stack: plan.stack, server: plan.server.name, plan: hash };
  const argv = ["sh", "-c", "rm -rf /data\nApply it?"];
  const command = operationOfAct({ act: "run_command", arguments: { ...about, service: "web", argv } });
  const { id } = openRequest(berth.store, command, baseOf(plan, 1), Date.now());
  const { person, shown } = eager();
  expect(await person.decide(dialog(id))).toBe("accept");
  expect(shown[0]).toContain("sh -c 'rm -rf /data\\nApply it?'");
  const volumes = [{ name: "shop-data", holds: "orders" }];
  const destroy = operationOfAct({ act: "destroy_stack", arguments: { ...about, volumes } });
  const other = openRequest(berth.store, destroy, baseOf(plan, 1), Date.now());
  const asked = eager();
  expect(await asked.person.decide({ ...dialog(other.id), typed: plan.stack })).toBe("cancel");
  expect(asked.shown[0]).toContain("volume shop-data: orders");
});
