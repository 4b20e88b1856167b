import { afterEach, expect, test } from "vitest";
import type { Operation } from "../src/approval/operation.ts";
import { openRequest } from "../src/approval/request.ts";
import { approve } from "../src/cli/approve.ts";
import type { Terminal } from "../src/cli/terminal.ts";
import { callsOf } from "../src/pipeline.ts";
import { takeLease } from "../src/run/lease.ts";
import { openRun } from "../src/run/runs.ts";
import { cancelRun } from "../src/services/cancel.ts";
import { openedBerth } from "../src/services/fixture.ts";
import type { Asker } from "../src/services/surface.ts";
import { planInput } from "../src/stages/plan/fixture.ts";
import { makePlan } from "../src/stages/plan/make.ts";
import { putPlan } from "../src/store/plans.ts";
import { runStore } from "../src/store/runs.ts";

const berths: ReturnType<typeof openedBerth>[] = [];
function opened(env?: Record<string, string>) {
  const berth = openedBerth(env && { env });
  berths.push(berth);
  return berth;
}
type Opened = ReturnType<typeof opened>;
afterEach(() => {
  for (const berth of berths.splice(0)) berth.remove();
});

/** A terminal at which somebody types this; undefined: there is none. */
function terminal(typed: string | undefined, json = false): Terminal & { shown: string[] } {
  const shown: string[] = [];
  const say = (text: string) => void shown.push(text);
  const ask: Terminal["ask"] = async (question, options) => {
    shown.push(question);
    // What was typed before the question could be read is no answer to it.
    return options?.afresh === true ? typed : "yes";
  };
  return {
    say,
    note: say,
    write: say,
    drained: async () => undefined,
    live: false,
    json,
    ask,
    onInterrupt: () => () => undefined,
    shown,
  };
}

const unable: Asker = { client: "test", open: undefined, ask: async () => "unable" };

/** A run that this process works on, and the request that a client left open for its cancel. */
async function toCancel(berth: Opened) {
  const runs = runStore(berth.store);
  const plan = makePlan(planInput());
  const hash = putPlan(berth.store, { stack: plan.stack, serial: 0, plan, created: "" });
  const operation = { kind: "plan", plan: hash, stack: plan.stack };
  const asked = { stack: plan.stack, operation, grant: null, parts: ["provision"], version: "0.1.0" };
  const { id: run } = openRun(runs, { ...asked, calls: callsOf(plan, ["provision"]) }, () => new Date());
  const { fence } = takeLease(runs, run, berth.machine);
  const outcome = await cancelRun(berth, run, unable);
  const request = outcome.status === "approval_required" ? outcome.request : "";
  return { run, request, stack: plan.stack, cancelled: () => runs.cancelled(run, fence) };
}

test("a person who says yes to a cancel has seen which run it stops; the client's next call stops it", async () => {
  const berth = opened();
  const { run, request, stack, cancelled } = await toCancel(berth);
  const screen = terminal("yes");
  expect(await approve(berth, screen, request)).toBe(0);
  expect(screen.shown[0]).toContain(`Run ${run} of ${stack}`);
  expect(cancelled()).toBe(false);
  expect(await cancelRun(berth, run, unable)).toEqual({ status: "asked" });
  expect(cancelled()).toBe(true);
});

test("a no closes the request, and anything else leaves it open", async () => {
  const berth = opened();
  const { run, request, cancelled } = await toCancel(berth);
  expect(await approve(berth, terminal("maybe"), request)).toBe(3);
  expect(await approve(berth, terminal("no"), request)).toBe(1);
  await expect(approve(berth, terminal("yes"), request)).rejects.toMatchObject({ code: "no_such_request" });
  expect(await cancelRun(berth, run, unable)).toMatchObject({ status: "approval_required" });
  expect(cancelled()).toBe(false);
});

test("without a terminal, or with an agent at it, nothing is approved", async () => {
  const berth = opened({ PATH: "/usr/bin:/bin", HOME: "/nonexistent", CLAUDECODE: "1" });
  const { run, request } = await toCancel(berth);
  await expect(approve(berth, terminal(undefined), request)).rejects.toMatchObject({ code: "approval_required" });
  await expect(approve(berth, terminal("yes"), request)).rejects.toMatchObject({ code: "agent_refused" });
  expect(await cancelRun(berth, run, unable)).toMatchObject({ status: "approval_required", request });
});

test("without a name it lists what waits, each on a line of its own", async () => {
  const berth = opened();
  const empty = terminal(undefined);
  expect(await approve(berth, empty, undefined)).toBe(0);
  expect(empty.shown).toEqual(["Nothing waits for an approval."]);
  const { request, run } = await toCancel(berth);
  const odd: Operation = { kind: "act", act: "new\nline", arguments: { run: "\u202e" } };
  const { id: unknown } = openRequest(berth.store, odd, {}, Date.now());
  const screen = terminal(undefined);
  await approve(berth, screen, undefined);
  expect(screen.shown).toHaveLength(2);
  expect(screen.shown.join("\n").split("\n")).toHaveLength(2);
  expect(screen.shown.find((line) => line.startsWith(request))).toContain(run);
  const json = terminal(undefined, true);
  await approve(berth, json, undefined);
  expect(JSON.parse(json.shown[0] ?? "")).toHaveLength(2);
  await expect(approve(berth, terminal("yes"), unknown)).rejects.toMatchObject({ code: "no_such_request" });
});
