import { afterEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { declineRequest, openRequest, requestsToAnswer } from "../approval/request.ts";
import { until } from "../kit/wait.ts";
import { callsOf, type Part, parts } from "../pipeline.ts";
import type { RunEvent } from "../run/event.ts";
import { openJournal } from "../run/journal.ts";
import { stateOf } from "../run/runs.ts";
import { planInput, survey } from "../stages/plan/fixture.ts";
import { makePlan } from "../stages/plan/make.ts";
import { putPlan } from "../store/plans.ts";
import { runStore, runs } from "../store/runs.ts";
import { putServer } from "../store/servers.ts";
import { putStack, stackOf } from "../store/stacks.ts";
import { resumeRun, startParts } from "./acts.ts";
import type { Berth } from "./berth.ts";
import { openedBerth } from "./fixture.ts";
import { type ChosenPlan, grant, grantFor, operationOf, requestFor } from "./grants.ts";
import { baseOf } from "./plan-base.ts";
import type { look as LookAt } from "./runs.ts";
import type { Asker, PartOutcome } from "./surface.ts";

// Nobody listens on this server, so whatever would look at it fails, unless a test says what is seen there.
const seen = vi.hoisted(() => ({ look: undefined as typeof LookAt | undefined }));
vi.mock("./runs.ts", async (original) => {
  const actual = await original<typeof import("./runs.ts")>();
  const look: typeof LookAt = (...asked) => (seen.look ?? actual.look)(...asked);
  return { ...actual, look };
});

const target = { name: "shop", host: "127.0.0.1", port: 1, user: "root" };
const unreachable = expect.objectContaining({ code: expect.stringMatching(/unreachable|connect|refused/) });
const moduleOf = (path: string) => JSON.stringify(import.meta.resolve(path));
/** A worker that takes its run in the name of the tests' process, which then say in its journal what it would have said. */
const taking = `
  import { takeLease } from ${moduleOf("../run/lease.ts")};
  import { thisMachine } from ${moduleOf("../run/machine.ts")};
  import { openStore } from ${moduleOf("../store/open.ts")};
  import { runStore } from ${moduleOf("../store/runs.ts")};
  const tests = { ...thisMachine(), pid: process.ppid, started: null };
  takeLease(runStore(openStore(process.argv[1])), process.argv[2], tests);
`;

const berths: ReturnType<typeof openedBerth>[] = [];
function opened(): Berth {
  const made = openedBerth();
  berths.push(made);
  const workerCommand = [process.execPath, "--input-type=module", "--eval", taking, made.config.home] as const;
  const berth = { ...made, config: { ...made.config, workerCommand } };
  putServer(berth.store, { name: "shop", target: "ssh://root@127.0.0.1:1", hostKey: null, facts: {}, updated: "" });
  return berth;
}
afterEach(() => {
  seen.look = undefined;
  for (const berth of berths.splice(0)) berth.remove();
});

function planned({ store }: Berth, env: Record<string, string> = {}): ChosenPlan {
  const input = planInput({ wishes: { domain: "shop.example.com", env }, survey: { ...survey, target } });
  const plan = makePlan(input);
  return { plan, hash: putPlan(store, { stack: plan.stack, serial: 0, plan, created: "" }) };
}

/** A person's yes on a terminal, while the stack has been applied so often. */
function granted(berth: Berth, chosen: ChosenPlan, serial = 0) {
  const base = baseOf(chosen.plan, serial);
  return grant(berth, { base }, requestFor(berth, { ...chosen, base }), "terminal");
}

/** A client that must not be asked. */
const nobody: Asker = {
  client: "test",
  open: undefined,
  ask: async () => {
    throw new Error("the person was asked");
  },
};
const begin = (berth: Berth, plan: string, ...asked: Part[]) =>
  startParts(berth, plan, asked, nobody, new AbortController().signal);

const runOf = (outcome: PartOutcome) => (outcome.status === "run" ? outcome.run : "");

/** The last words of a run's worker, once that has taken it; then it leaves it. */
async function say({ store }: Berth, run: string, ...events: RunEvent[]) {
  const lease = await until(async () => runStore(store).lease(run), { timeoutMs: 30_000, everyMs: 20 });
  if (!lease) throw new Error("no worker has taken the run");
  for (const event of events) openJournal(runStore(store), run, lease.fence, () => new Date()).append(event);
  runStore(store).putLease({ ...lease, expires: 0 });
}

/** Whether a worker is at it, once one had the time to take it. */
const isWorkedOn = ({ store, machine }: Berth, run: string) =>
  until(async () => stateOf(runStore(store), run, machine) === "running" || undefined, { timeoutMs: 30_000 });
const ended = (state: "done" | "cancelled" | "rolled_back"): RunEvent => ({ event: "ended", state });
/** From here on its deploy may have raised the stack's serial. */
const recording: RunEvent = { event: "started", step: "stack/record", title: "", before: {} };
const failed = (code: string): RunEvent => {
  return { event: "ended", state: "failed", failure: { code, message: "", object: "", cause: "", next: "" } };
};
const spendings = ({ store }: Berth) => store.all(z.object({ part: z.string() }), "SELECT part FROM spendings");

/** What stands on the server from here on: the plan was applied so often, and all its steps hold but those. */
function stands({ plan }: ChosenPlan, { serial = 0, drifted = [] as string[] } = {}) {
  const previews = callsOf(plan).map(({ id }) => {
    return { id, title: id, effect: "change" as const, holds: !drifted.includes(id), reversible: true };
  });
  seen.look = async () => ({ base: baseOf(plan, serial), previews });
}

test("a part is a run of its own steps, and a repeated call gets the same run", async () => {
  const berth = opened();
  const chosen = planned(berth);
  granted(berth, chosen);
  const first = await begin(berth, chosen.hash.slice(0, 12), "provision");
  expect(first).toMatchObject({ status: "run", fresh: true });
  const record = runStore(berth.store).run(runOf(first));
  expect(record).toMatchObject({ parts: ["provision"], calls: callsOf(chosen.plan, ["provision"]) });
  expect(await isWorkedOn(berth, runOf(first))).toBe(true);
  expect(await begin(berth, chosen.hash, "provision")).toEqual({ ...first, fresh: false });
  await say(berth, runOf(first), ended("done"));
  stands(chosen);
  expect(await begin(berth, chosen.hash, "provision")).toEqual({ ...first, fresh: false });
  expect(runs(berth.store)).toHaveLength(1);
});

test("a repeated call gets the run that is done while all of it holds; else the person is asked for another", async () => {
  const berth = opened();
  const chosen = planned(berth);
  granted(berth, chosen);
  const first = await begin(berth, chosen.hash, "provision");
  await say(berth, runOf(first), ended("done"));
  stands(chosen, { drifted: ["stack/switch"] });
  expect(await begin(berth, chosen.hash, "provision")).toEqual({ ...first, fresh: false });
  stands(chosen, { drifted: ["server/packages"] });
  const yes: Asker = { client: "test", open: undefined, ask: async () => "yes" };
  const again = await startParts(berth, chosen.hash, ["provision"], yes, new AbortController().signal);
  expect(again).toMatchObject({ status: "run", fresh: true });
  expect(runOf(again)).not.toBe(runOf(first));
  expect(spendings(berth)).toHaveLength(2);
});

test("one grant covers the three parts, each once", async () => {
  const berth = opened();
  const chosen = planned(berth);
  granted(berth, chosen);
  const ids: string[] = [];
  for (const part of parts) {
    const outcome = await begin(berth, chosen.hash, part);
    expect(outcome).toMatchObject({ status: "run", fresh: true });
    ids.push(runOf(outcome));
    await say(berth, runOf(outcome), recording, ended("done"));
  }
  expect(new Set(ids).size).toBe(3);
  const { plan, hash } = chosen;
  putStack(berth.store, { name: plan.stack, server: "shop", appliedPlan: hash, serial: 1, updated: "" });
  stands(chosen, { serial: 1 });
  expect(await begin(berth, hash, "deploy")).toEqual({ status: "run", run: ids[2], fresh: false });
  expect(spendings(berth)).toHaveLength(3);
});

test("a part waits for those before it, and the failure names the tool to call", async () => {
  const berth = opened();
  const chosen = planned(berth);
  granted(berth, chosen);
  const provision = runOf(await begin(berth, chosen.hash, "provision"));
  const missing = { code: "part_missing", cause: expect.stringContaining(provision) };
  for (const part of ["build", "deploy"] as const)
    await expect(begin(berth, chosen.hash, part)).rejects.toMatchObject(missing);
  await say(berth, provision, ended("done"));
  await expect(begin(berth, chosen.hash, "build")).resolves.toMatchObject({ status: "run" });
  await expect(begin(berth, chosen.hash, "deploy")).rejects.toMatchObject({ code: "part_missing" });
  expect(spendings(berth)).toHaveLength(2);
});

test("another plan with the same steps for a part finds it done; with other steps it looks", async () => {
  const berth = opened();
  const first = planned(berth);
  const { plan } = first;
  const changed = (other: typeof plan) => ({
    plan: other,
    hash: putPlan(berth.store, { stack: plan.stack, serial: 0, plan: other, created: "" }),
  });
  const second = changed({ ...plan, services: plan.services.map((one) => ({ ...one, memoryMegabytes: 300 })) });
  granted(berth, first);
  await say(berth, runOf(await begin(berth, first.hash, "provision")), ended("done"));
  granted(berth, second);
  await expect(begin(berth, second.hash, "build")).resolves.toMatchObject({ status: "run", fresh: true });
  const third = changed({ ...plan, provision: { ...plan.provision, swapMegabytes: 512 } });
  granted(berth, third);
  await expect(begin(berth, third.hash, "build")).rejects.toThrow(unreachable);
});

test("what was left is worked on again under the same grant", async () => {
  const berth = opened();
  const chosen = planned(berth);
  granted(berth, chosen);
  const run = runOf(await begin(berth, chosen.hash, "provision"));
  await say(berth, run, failed("disk_full"));
  expect(await begin(berth, chosen.hash, "provision")).toEqual({ status: "run", run, fresh: true });
  expect(await isWorkedOn(berth, run)).toBe(true);
});

test.each<[string, (berth: Berth, run: string, chosen: ChosenPlan) => unknown]>([
  ["whose run was cancelled", (berth, run) => say(berth, run, ended("cancelled"))],
  ["whose run was rolled back", (berth, run) => say(berth, run, ended("rolled_back"))],
  ["whose base had changed on the server", (berth, run) => say(berth, run, failed("base_changed"))],
  ["that ran out while its run waited", (berth, run) => say(berth, run, failed("grant_expired"))],
  [
    "after which something newer was applied",
    ({ store }, _, { plan }) =>
      putStack(store, { name: plan.stack, server: "shop", appliedPlan: "f".repeat(64), serial: 1, updated: "" }),
  ],
  [
    "of a server whose pinned key is another by now",
    ({ store }) =>
      putServer(store, {
        name: "shop",
        target: "ssh://root@127.0.0.1:1",
        hostKey: "SHA256:other",
        facts: {},
        updated: "",
      }),
  ],
  ["whose text was edited", ({ store }) => store.run("UPDATE grants SET body = replace(body, 'tester', 'eve')")],
  ["whose signature is missing", ({ store }) => store.run("UPDATE grants SET signature = ''")],
])("a grant %s starts nothing more: the server is looked at anew", async (_, spoil) => {
  const berth = opened();
  const chosen = planned(berth);
  granted(berth, chosen);
  const run = runOf(await begin(berth, chosen.hash, "provision"));
  await spoil(berth, run, chosen);
  await expect(begin(berth, chosen.hash, "provision")).rejects.toThrow(unreachable);
  await expect(begin(berth, chosen.hash, "deploy")).rejects.toThrow(unreachable);
  expect(runs(berth.store)).toHaveLength(1);
  expect(spendings(berth)).toHaveLength(1);
});

test("a plan that was changed after its grant, and any other plan, has none", async () => {
  const berth = opened();
  granted(berth, planned(berth));
  const changed = planned(berth, { SITE_TITLE: "changed" });
  await expect(begin(berth, changed.hash, "provision")).rejects.toThrow(unreachable);
  await expect(begin(berth, "0".repeat(64), "provision")).rejects.toMatchObject({ code: "no_such_plan" });
  expect(runs(berth.store)).toEqual([]);
});

test("a declined request is no grant", async () => {
  const berth = opened();
  const chosen = planned(berth);
  const { id } = openRequest(berth.store, operationOf(chosen), baseOf(chosen.plan, 0), Date.now());
  declineRequest(berth.store, id, Date.now());
  await expect(begin(berth, chosen.hash, "provision")).rejects.toThrow(unreachable);
  expect(requestsToAnswer(berth.store, Date.now())).toEqual([]);
});

test("who has gone away gets nothing started", async () => {
  const berth = opened();
  const chosen = planned(berth);
  granted(berth, chosen);
  await expect(startParts(berth, chosen.hash, ["provision"], nobody, AbortSignal.abort())).rejects.toThrow();
  expect(runs(berth.store)).toEqual([]);
});

test("on a terminal an approval of which a client has used a part is asked for anew", async () => {
  const berth = opened();
  const chosen = planned(berth);
  const proposal = { ...chosen, base: baseOf(chosen.plan, 0), applied: null };
  const { id } = granted(berth, chosen);
  expect(grantFor(berth, proposal)?.id).toBe(id);
  await begin(berth, chosen.hash, "provision");
  expect(grantFor(berth, proposal)).toBeUndefined();
  const { id: second } = granted(berth, chosen);
  expect(grantFor(berth, proposal)?.id).toBe(second);
  expect(stackOf(berth.store, chosen.plan.stack)).toBeUndefined();
});

test("on a terminal the run that has the whole approval is found again", async () => {
  const berth = opened();
  const chosen = planned(berth);
  const proposal = { ...chosen, base: baseOf(chosen.plan, 0), applied: null };
  const { id } = granted(berth, chosen);
  const run = runOf(await begin(berth, chosen.hash, ...parts));
  expect(grantFor(berth, proposal)?.id).toBe(id);
  await say(berth, run, ended("cancelled"));
  expect(grantFor(berth, proposal)).toBeUndefined();
});

test.each<[string, RunEvent[], { serial: number; applied: string | null }, boolean]>([
  ["left after it recorded its plan: that is its own work", [recording], { serial: 1, applied: "its own" }, true],
  ["left before that, where another run has applied the same plan", [], { serial: 1, applied: "its own" }, false],
  ["left after that, where another plan was applied since", [recording], { serial: 1, applied: "another" }, false],
  ["left after that, where more was applied since", [recording], { serial: 2, applied: "its own" }, false],
  [
    "that is done: what drifted since is asked about",
    [recording, ended("done")],
    { serial: 1, applied: "its own" },
    false,
  ],
])("on a terminal, a run %s", async (_, events, { serial, applied }, goesOn) => {
  const berth = opened();
  const chosen = planned(berth);
  const { id } = granted(berth, chosen);
  await say(berth, runOf(await begin(berth, chosen.hash, ...parts)), ...events);
  const now = { base: baseOf(chosen.plan, serial), applied: applied === "its own" ? chosen.hash : "f".repeat(64) };
  expect(grantFor(berth, { ...chosen, ...now })?.id).toBe(goesOn ? id : undefined);
});

test("a client goes on with a run that was left after it recorded its plan, and noted it here", async () => {
  const berth = opened();
  const chosen = planned(berth);
  granted(berth, chosen);
  const first = await begin(berth, chosen.hash, ...parts);
  await say(berth, runOf(first), recording);
  const { plan, hash } = chosen;
  putStack(berth.store, { name: plan.stack, server: "shop", appliedPlan: hash, serial: 1, updated: "" });
  expect(await begin(berth, hash, "deploy")).toEqual(first);
});

test("a cancelled run is resumed by a person, and a run that is done by nobody", async () => {
  const berth = opened();
  const chosen = planned(berth);
  granted(berth, chosen);
  const run = runOf(await begin(berth, chosen.hash, "provision"));
  await say(berth, run, ended("cancelled"));
  await expect(resumeRun(berth, run)).rejects.toMatchObject({ code: "run_cancelled" });
  await say(berth, run, ended("done"));
  await expect(resumeRun(berth, run)).rejects.toMatchObject({ code: "run_over" });
  await expect(resumeRun(berth, "run_none")).rejects.toMatchObject({ code: "no_such_run" });
});
