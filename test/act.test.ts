import { afterEach, expect, test } from "vitest";
import { requestsToAnswer } from "../src/approval/request.ts";
import { doAct } from "../src/cli/act.ts";
import { approve } from "../src/cli/approve.ts";
import { destroy } from "../src/cli/destroy.ts";
import type { Terminal } from "../src/cli/terminal.ts";
import { type ProposedAct, requestForAct, unusedGrant } from "../src/services/act-runs.ts";
import { openedBerth } from "../src/services/fixture.ts";
import { baseOf } from "../src/services/plan-base.ts";
import { actHash, type StackAct } from "../src/services/stack-acts.ts";
import { planInput } from "../src/stages/plan/fixture.ts";
import { makePlan } from "../src/stages/plan/make.ts";
import { putPlan } from "../src/store/plans.ts";
import { runs } from "../src/store/runs.ts";

const berths: ReturnType<typeof openedBerth>[] = [];
function opened(env: Record<string, string> = {}) {
  const berth = openedBerth({ env: { PATH: "/usr/bin:/bin", HOME: "/nonexistent", USER: "tester", ...env } });
  berths.push(berth);
  return berth;
}
type Opened = ReturnType<typeof opened>;
afterEach(() => {
  for (const berth of berths.splice(0)) berth.remove();
});

/** A terminal at which somebody types this; undefined: there is none. */
function terminal(typed: string | undefined, json = false): Terminal & { shown: string[]; said: string[] } {
  const [shown, said]: [string[], string[]] = [[], []];
  const note = (text: string) => void shown.push(text);
  const say = (text: string) => void said.push(text);
  const ask: Terminal["ask"] = async (question, options) => {
    shown.push(question);
    return options?.afresh === true ? typed : "yes";
  };
  const drained = async () => undefined;
  return { say, note, write: say, drained, live: false, json, ask, onInterrupt: () => () => undefined, shown, said };
}

/** The destruction of a stack with one volume, as it is shown where that stack stands. */
function destruction(berth: Opened): ProposedAct {
  const plan = makePlan(planInput());
  const hash = putPlan(berth.store, { stack: plan.stack, serial: 0, plan, created: "" });
  const volumes = [{ name: "shop-db-data", holds: "the database" }];
  const about = { stack: plan.stack, server: plan.server.name, plan: hash };
  const act: StackAct = { act: "destroy_stack", arguments: { ...about, volumes } };
  return {
    act,
    plan,
    base: baseOf(plan, 1),
    text: "Lost for good: all of it",
    question: "Destroy it?",
    word: plan.stack,
  };
}

/** How often a worker was sent off: none can start in these tests, so a run is opened and left there. */
async function tried(berth: Opened, proposed: ProposedAct, typed: string | undefined, approveHash?: string) {
  const screen = terminal(typed);
  const outcome = await doAct(berth, screen, proposed, { approve: approveHash }).catch((error: unknown) => error);
  return { screen, outcome, runs: runs(berth.store, { stack: proposed.plan.stack }) };
}

test("a stack goes by its typed name, by its hash, and by nothing else", async () => {
  const berth = opened();
  const proposed = destruction(berth);
  const hash = actHash(proposed.act);
  for (const typed of ["yes", "", proposed.plan.stack.toUpperCase(), `${proposed.plan.stack} x`]) {
    const { screen, outcome, runs: begun } = await tried(berth, proposed, typed);
    expect([outcome, begun]).toEqual([3, []]);
    expect(screen.shown.join("\n")).toContain(`Lost for good: all of it`);
    expect(screen.shown.join("\n")).toContain(`Type ${proposed.plan.stack}: `);
  }
  for (const other of [hash.slice(0, 31), "0".repeat(64), ""]) {
    const { outcome, runs: begun } = await tried(berth, proposed, proposed.plan.stack, other);
    expect(outcome).toMatchObject({ code: "approval_required" });
    expect(begun).toEqual([]);
  }
  const [run, ...more] = (await tried(berth, proposed, `${proposed.plan.stack} `)).runs;
  expect(more).toEqual([]);
  expect(run).toMatchObject({ parts: ["destroy"], stack: proposed.plan.stack });
  expect(unusedGrant(berth, proposed)).toBeUndefined();
  const flagged = await tried(berth, proposed, undefined, hash.slice(0, 32));
  expect(flagged.runs).toHaveLength(2);
});

test("without a terminal it names what to type, and nothing begins", async () => {
  const berth = opened();
  const proposed = destruction(berth);
  const screen = terminal(undefined, true);
  expect(await doAct(berth, screen, proposed, {})).toBe(3);
  const [request] = requestsToAnswer(berth.store, Date.now());
  const act = actHash(proposed.act);
  expect(JSON.parse(screen.said[0] ?? "")).toMatchObject({ state: "approval_required", act, request: request?.id });
  expect(runs(berth.store, {})).toEqual([]);
});

test("an agent at the terminal destroys nothing, by name or by flag", async () => {
  const berth = opened({ CLAUDECODE: "1" });
  const proposed = destruction(berth);
  for (const flag of [undefined, actHash(proposed.act)]) {
    const { outcome, runs: begun } = await tried(berth, proposed, proposed.plan.stack, flag);
    expect(outcome).toMatchObject({ code: "agent_refused" });
    expect(begun).toEqual([]);
  }
});

test("a request for it is approved only over what the server shows, and a stack that nobody knows is not destroyed", async () => {
  const berth = opened();
  const { id } = requestForAct(berth, destruction(berth));
  await expect(approve(berth, terminal("yes"), id)).rejects.toMatchObject({ code: "no_such_stack" });
  await expect(destroy(berth, terminal("none"), "none", {})).rejects.toMatchObject({ code: "no_such_stack" });
});
