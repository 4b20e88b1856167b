import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunEvent } from "../run/event.ts";
import { openJournal } from "../run/journal.ts";
import { takeLease } from "../run/lease.ts";
import { logName, openLog } from "../run/log.ts";
import { thisMachine } from "../run/machine.ts";
import { openRun } from "../run/runs.ts";
import { plan } from "../stages/plan/plan-fixture.ts";
import { openStore } from "../store/open.ts";
import { putPlan } from "../store/plans.ts";
import { runStore } from "../store/runs.ts";
import { putStack } from "../store/stacks.ts";
import type { Store } from "../store/store.ts";
import type { Berth } from "./berth.ts";
import { earlierPlan, listRuns } from "./run-facts.ts";
import { logFolder } from "./run-folder.ts";
import { readRun, waitForRun } from "./run-reading.ts";

let home: string;
let store: Store;
let berth: Berth;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "berth-reading-"));
  store = openStore(home);
  berth = { store, config: { home }, machine: thisMachine() } as Berth;
});
afterEach(() => {
  store.close();
  rmSync(home, { recursive: true });
});

const calls = ["one", "two", "three"].map((id) => ({ id, kind: "a.step", input: null }));
const another = (text: string) => ({ ...plan, risks: [{ about: "web", text }] });

/** A run of the store's, and a worker whose every word the test says. */
function newRun({ of = plan, parts = ["provision", "build", "deploy"] } = {}) {
  const hash = putPlan(store, { stack: "shop", serial: 0, plan: of, created: "2026-01-01T00:00:00Z" });
  const operation = { kind: "plan", plan: hash, stack: "shop" };
  const asked = { stack: "shop", operation, grant: null, parts, calls, version: "0.1.0" };
  const run = openRun(runStore(store), asked, () => new Date("2026-01-01T00:00:00Z")).id;
  return { run, hash, take: () => worker(run) };
}

function worker(run: string) {
  const runs = runStore(store);
  const lease = takeLease(runs, run, berth.machine);
  let seconds = 0;
  const journal = openJournal(runs, run, lease.fence, () => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)));
  const say = (event: RunEvent, after = 0) => {
    seconds += after;
    journal.append(event);
  };
  say({ event: "taken", action: "apply", version: "0.1.0", pid: process.pid, fence: lease.fence });
  return {
    say,
    started: (step: string) => say({ event: "started", step, title: `the ${step}`, before: null }),
    done: (step: string, after = 0) => say({ event: "done", step, output: null }, after),
    observed: (step: string) => say({ event: "observed", step, title: `the ${step}`, output: null }),
    end: (state: "done" | "failed" | "cancelled") => {
      say({ event: "ended", state, ...(state === "failed" && { failure }) });
      lease.release();
    },
    vanish: () => lease.release(),
    log: (step: string, text: string) => {
      const scrubber = { push: (words: string) => words, end: () => "" };
      openLog(logFolder(home, run), logName(step, lease.fence), scrubber).write(text);
    },
  };
}
const failure = { code: "package_failed", message: "No.", object: "two", cause: "apt said no", next: "berth resume" };

test("a run that nobody has taken: what it will do, by the names of its steps", () => {
  const { run, hash } = newRun();
  expect(readRun(berth, run)).toMatchObject({
    run,
    stack: "shop",
    plan: hash,
    parts: ["provision", "build", "deploy"],
    state: "pending",
    ended: null,
    failure: null,
    addresses: [],
    waitsForServer: false,
    editedLine: null,
    steps: calls.map(({ id }) => ({ id, title: id, state: "waiting", seconds: null })),
    log: { text: "", older: null },
  });
});

test("a run whose line to the server was lost waits for it, and the step begins anew", () => {
  const { run, take } = newRun();
  const acting = take();
  acting.started("one");
  acting.say({ event: "failed", step: "one", failure });
  acting.say({ event: "waiting", failure });
  expect(readRun(berth, run)).toMatchObject({
    ...{ state: "running", waitsForServer: true, failure: null },
    steps: [{ state: "waiting", title: "the one", seconds: null }, {}, {}],
  });
  acting.say({ event: "taken", action: "apply", version: "0.1.0", pid: process.pid, fence: 2 });
  expect(readRun(berth, run)).toMatchObject({ state: "running", waitsForServer: false });
  acting.say({ event: "waiting", failure: { ...failure, code: "lock_held" } });
  expect(readRun(berth, run)).toMatchObject({ state: "running", waitsForServer: false });
});

test("what was asked while a release was switched, one line a taking; what another version has measured is left out", () => {
  const { run, take } = newRun();
  const figures = {
    ...{ from: "2026-01-01T00:00:00.000Z", lasted: 900, sent: 214, failed: 0, failures: {}, missed: 0, slowest: 38 },
    ...{ p50: 3, p99: 30, unanswered: 38, switched: 400, versions: [] },
  };
  const acting = take();
  expect(readRun(berth, run).requests).toEqual([]);
  acting.say({ event: "measured", what: "requests", figures });
  acting.say({ event: "measured", what: "requests", figures: { sent: "many" } });
  acting.say({ event: "measured", what: "something else", figures });
  const line = "while the release was switched: 214 requests, 0 failed, slowest 38 ms";
  expect(readRun(berth, run).requests).toEqual([{ ...figures, line }]);
});

test("a run from its first step to its address", () => {
  const { run, take } = newRun();
  const acting = take();
  acting.observed("one");
  acting.started("two");
  acting.log("two", "working\n");
  const halfway = readRun(berth, run);
  expect(halfway).toMatchObject({ state: "running", addresses: [], log: { text: "── the two (two) ──\nworking\n" } });
  expect(halfway.steps.map(({ title, state }) => `${title} ${state}`)).toEqual([
    "the one observed",
    "the two running",
    "three waiting",
  ]);
  expect(halfway.steps[1]?.seconds).toBeGreaterThan(0);
  acting.done("two", 7);
  acting.observed("three");
  acting.end("done");
  expect(readRun(berth, run)).toMatchObject({
    state: "done",
    ended: "2026-01-01T00:00:07.000Z",
    addresses: ["https://shop.example.com"],
    steps: [{ state: "observed" }, { state: "done", seconds: 7 }, { state: "observed" }],
  });
  // Only what was new since.
  expect(readRun(berth, run, { cursor: halfway.log.cursor }).log.text).toBe("");
  expect(() => readRun(berth, run, { cursor: "x" })).toThrow(expect.objectContaining({ code: "bad_cursor" }));
});

test("a build alone leads to no address", () => {
  const { run, take } = newRun({ parts: ["build"] });
  take().end("done");
  expect(readRun(berth, run)).toMatchObject({ state: "done", parts: ["build"], addresses: [] });
});

test("a failure is shown until the run is taken up again; what was done stays done", () => {
  const { run, take } = newRun();
  const first = take();
  first.started("one");
  first.done("one", 2);
  first.started("two");
  first.say({ event: "failed", step: "two", failure }, 3);
  first.end("failed");
  expect(readRun(berth, run)).toMatchObject({
    state: "failed",
    failure,
    steps: [{ state: "done" }, { state: "failed", seconds: 3 }, { state: "waiting" }],
  });
  const second = take();
  second.observed("one");
  expect(readRun(berth, run)).toMatchObject({
    state: "running",
    ended: null,
    failure: null,
    steps: [{ state: "done", seconds: 2 }, { title: "the two", state: "waiting", seconds: null }, { state: "waiting" }],
  });
  second.started("two");
  second.vanish();
  expect(readRun(berth, run)).toMatchObject({ state: "interrupted", steps: [{}, { state: "cancelled" }, {}] });
});

test("what was taken back is undone", () => {
  const { run, take } = newRun();
  const acting = take();
  acting.started("one");
  acting.done("one");
  acting.say({ event: "undoing", step: "one", title: "the one" });
  acting.say({ event: "undone", step: "one" });
  expect(readRun(berth, run).steps[0]).toMatchObject({ state: "undone" });
});

test("a journal that was changed from outside names its line", () => {
  const { run, take } = newRun();
  take().end("done");
  const db = new DatabaseSync(join(home, "berth.db"));
  db.exec(`DROP TRIGGER events_stay; UPDATE events SET at = '2020-01-01T00:00:00Z' WHERE seq = 2`);
  db.close();
  expect(readRun(berth, run).editedLine).toBe(2);
});

test("a run that is not there", async () => {
  expect(() => readRun(berth, "run_x")).toThrow(expect.objectContaining({ code: "no_such_run" }));
  const waiting = { ms: 1, signal: new AbortController().signal, onStep: () => undefined };
  await expect(waitForRun(berth, "run_x", waiting)).rejects.toMatchObject({ code: "no_such_run" });
});

test("waiting tells each step that comes, and ends with the run", async () => {
  const { run, take } = newRun();
  const acting = take();
  acting.observed("one");
  const told: string[] = [];
  const onStep = (title: string, done: number) => told.push(`${title} ${done}`);
  const waiting = waitForRun(berth, run, { ms: 60_000, signal: new AbortController().signal, onStep });
  acting.started("two");
  await expect.poll(() => told).toEqual(["the two 1"]);
  acting.done("two");
  acting.observed("three");
  acting.end("done");
  await waiting;
  expect(told).toEqual(["the two 1", "the two 2", "the three 3"]);
});

test("waiting ends where its time is over, and where whoever waits is gone", async () => {
  const { run, take } = newRun();
  const acting = take();
  const quiet = { onStep: () => undefined };
  await waitForRun(berth, run, { ms: 50, signal: new AbortController().signal, ...quiet });
  const gone = new AbortController();
  const waiting = waitForRun(berth, run, { ms: 60_000, signal: gone.signal, ...quiet });
  gone.abort();
  await waiting;
  await waitForRun(berth, run, { ms: 60_000, signal: AbortSignal.abort(), ...quiet });
  expect(readRun(berth, run).state).toBe("running");
  acting.vanish();
});

test("the plan before the one that stands is one that was deployed", () => {
  const stood = newRun();
  stood.take().end("done");
  const built = newRun({ of: another("built"), parts: ["build"] });
  built.take().end("done");
  const stands = newRun({ of: another("stands"), parts: ["deploy"] });
  stands.take().end("done");
  putStack(store, { name: "shop", server: "s1", appliedPlan: stands.hash, serial: 2, updated: "" });
  expect(earlierPlan(berth, "shop")).toBe(stood.hash);
});

test("what a person granted beside plans is no run of a plan", () => {
  const { run } = newRun();
  const operation = { kind: "act", act: "cancel_run", arguments: { run } };
  const asked = { stack: "shop", operation, grant: null, parts: [], calls: [], version: "0.1.0" };
  openRun(runStore(store), asked, () => new Date());
  expect(listRuns(berth, "shop").map(({ id, parts }) => [id, parts.length])).toEqual([[run, 3]]);
});
