import { afterEach, expect, test } from "vitest";
import { grantRequest } from "../approval/grant.ts";
import { requestsToAnswer } from "../approval/request.ts";
import { callsOf } from "../pipeline.ts";
import { openJournal } from "../run/journal.ts";
import { takeLease } from "../run/lease.ts";
import { openRun } from "../run/runs.ts";
import { planInput } from "../stages/plan/fixture.ts";
import { makePlan } from "../stages/plan/make.ts";
import { putPlan } from "../store/plans.ts";
import { runStore } from "../store/runs.ts";
import type { Berth } from "./berth.ts";
import { cancelRun } from "./cancel.ts";
import { openedBerth } from "./fixture.ts";
import type { Answer, Asker, Question } from "./surface.ts";

const berths: ReturnType<typeof openedBerth>[] = [];
function opened() {
  const berth = openedBerth();
  berths.push(berth);
  return berth;
}
afterEach(() => {
  for (const berth of berths.splice(0)) berth.remove();
});

const now = () => new Date();
const title = "Install packages\nYou may stop reading here\u202e";

/** A run that somebody works on: this process. */
function going({ store, machine }: Berth) {
  const runs = runStore(store);
  const plan = makePlan(planInput());
  const hash = putPlan(store, { stack: plan.stack, serial: 0, plan, created: "" });
  const operation = { kind: "plan", plan: hash, stack: plan.stack };
  const asked = { stack: plan.stack, operation, grant: null, parts: ["provision"], version: "0.1.0" };
  const { id } = openRun(runs, { ...asked, calls: callsOf(plan, ["provision"]) }, now);
  const { fence } = takeLease(runs, id, machine);
  const journal = openJournal(runs, id, fence, now);
  journal.append({ event: "started", step: "server/packages", title, before: null });
  return { id, stack: plan.stack, cancelled: () => runs.cancelled(id, fence), journal };
}

function asker(answer: Answer): Asker & { asked: Question[] } {
  const asked: Question[] = [];
  const ask = async (question: Question) => {
    asked.push(question);
    return answer;
  };
  return { client: "test-client 1.0", open: undefined, ask, asked };
}

test("a person's yes stops the run, and they see which and what it does, a line each", async () => {
  const berth = opened();
  const run = going(berth);
  const person = asker("yes");
  expect(await cancelRun(berth, run.id, person)).toEqual({ status: "asked" });
  expect(run.cancelled()).toBe(true);
  const lines = person.asked[0]?.message.split("\n") ?? [];
  expect(lines).toHaveLength(4);
  expect(lines[0]).toBe(`Run ${run.id} of ${run.stack} on shop: provision`);
  expect(lines[1]).toBe("Its last step: Install packages\\nYou may stop reading here\\u{202e}");
});

test("a step whose title is a long command does not push the question out of sight", async () => {
  const berth = opened();
  const run = going(berth);
  run.journal.append({
    event: "started",
    step: "server/packages",
    title: `sh -c ${"x".repeat(100_000)}`,
    before: null,
  });
  const person = asker("no");
  await cancelRun(berth, run.id, person);
  expect(person.asked[0]?.message).toMatch(/x … \(cut\)\nStop it/);
  expect(person.asked[0]?.message.length).toBeLessThan(1000);
});

test.each<Answer>(["no", "unanswered", "unable"])("where the answer is %s the run goes on", async (answer) => {
  const berth = opened();
  const run = going(berth);
  expect((await cancelRun(berth, run.id, asker(answer))).status).not.toBe("asked");
  expect(run.cancelled()).toBe(false);
});

test("each cancel needs a yes of its own", async () => {
  const berth = opened();
  const run = going(berth);
  await cancelRun(berth, run.id, asker("yes"));
  const second = asker("unanswered");
  expect(await cancelRun(berth, run.id, second)).toMatchObject({ status: "approval_required" });
  expect(second.asked).toHaveLength(1);
});

test("a yes on a terminal is used by the next call, once, and for no other run", async () => {
  const berth = opened();
  const [run, other] = [going(berth), going(berth)];
  await cancelRun(berth, run.id, asker("unable"));
  const [request] = requestsToAnswer(berth.store, Date.now());
  const consent = { base: {}, person: "ada", channel: "terminal" as const, now: Date.now() };
  grantRequest(berth.store, berth.grantKey.unlock(), { request: request?.id ?? "", ...consent });
  expect(await cancelRun(berth, other.id, asker("unanswered"))).toMatchObject({ status: "approval_required" });
  expect(other.cancelled()).toBe(false);
  const nobody = asker("no");
  expect(await cancelRun(berth, run.id, nobody)).toEqual({ status: "asked" });
  expect(nobody.asked).toEqual([]);
  expect(await cancelRun(berth, run.id, asker("unable"))).toMatchObject({ status: "approval_required" });
});

test("about a run that nobody works on nobody is asked", async () => {
  const berth = opened();
  const run = going(berth);
  run.journal.append({ event: "ended", state: "done" });
  const person = asker("yes");
  await expect(cancelRun(berth, run.id, person)).rejects.toMatchObject({ code: "not_running" });
  await expect(cancelRun(berth, "run_none", person)).rejects.toMatchObject({ code: "no_such_run" });
  expect(person.asked).toEqual([]);
});

test("a run that ends while the person thinks uses up no approval", async () => {
  const berth = opened();
  const run = going(berth);
  const late: Asker = {
    ...asker("yes"),
    ask: async () => {
      run.journal.append({ event: "ended", state: "done" });
      return "yes";
    },
  };
  await expect(cancelRun(berth, run.id, late)).rejects.toMatchObject({ code: "not_running" });
});
