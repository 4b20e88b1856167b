import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hashOf } from "../src/kit/canonical.ts";
import { BerthError } from "../src/kit/error.ts";
import { follow } from "../src/run/follow.ts";
import { eventIn, openJournal, verifyJournal } from "../src/run/journal.ts";
import { keepLease, takeLease } from "../src/run/lease.ts";
import type { Machine } from "../src/run/machine.ts";
import { openRun, requestCancel, stateOf } from "../src/run/runs.ts";
import type { Outcome, Work } from "../src/run/work.ts";
import { type Assignment, workOn } from "../src/run/worker.ts";
import { openStore } from "../src/store/open.ts";
import { runStore } from "../src/store/runs.ts";
import type { Store } from "../src/store/store.ts";

let folder: string;
let opened: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-run-"));
  opened = openStore(folder);
});
afterEach(() => {
  opened.close();
  rmSync(folder, { recursive: true });
});

const now = () => new Date("2026-11-23T12:00:00Z");

/** A machine whose clock and processes the test decides. */
function machine(over: Partial<Machine> = {}): Machine {
  return { uptime: () => 1000, boot: "boot-1", pid: 100, started: "7", mayLive: () => true, ...over };
}

function newRun() {
  const store = runStore(opened);
  const operation = { kind: "plan", plan: "0".repeat(64), stack: "shop" };
  const asked = { stack: "shop", operation, grant: null, parts: [], calls: [], version: "0.1.0" };
  return { store, run: openRun(store, asked, now).id };
}

const edit = (sql: string) => {
  const db = new DatabaseSync(join(folder, "berth.db"));
  db.exec(sql);
  db.close();
};

test("a run that nobody has taken is pending, and its record is what was asked for", () => {
  const { store, run } = newRun();
  expect(stateOf(store, run, machine())).toBe("pending");
  expect(store.run(run)).toMatchObject({ id: run, stack: "shop", version: "0.1.0", created: now().toISOString() });
  expect(JSON.parse(store.lastEvent(run)?.body ?? "")).toMatchObject({ event: "opened", version: "0.1.0" });
});

test("while one holds the lease, another is refused", () => {
  const { store, run } = newRun();
  takeLease(store, run, machine());
  expect(stateOf(store, run, machine())).toBe("running");
  expect(() => takeLease(store, run, machine({ pid: 200 }))).toThrow(
    expect.objectContaining({ code: "run_busy", cause: expect.stringContaining("100") }),
  );
});

test.each<[string, Partial<Machine>]>([
  ["its time is over", { uptime: () => 1016 }],
  ["its process is gone", { mayLive: () => false }],
  ["the machine was booted since", { boot: "boot-2" }],
  ["the clock began anew", { uptime: () => 3, boot: "boot-1" }],
])("the lease is taken over where %s, with a higher number", (_, later) => {
  const { store, run } = newRun();
  const first = takeLease(store, run, machine());
  openJournal(store, run, first.fence, now).append(taken(first.fence));
  expect(stateOf(store, run, machine(later))).toBe("interrupted");
  const second = takeLease(store, run, machine({ ...later, pid: 200 }));
  expect(second.fence).toBe(first.fence + 1);
});

const taken = (fence: number) => ({ event: "taken", action: "apply", version: "0.1.0", pid: 100, fence }) as const;

test("a frozen worker that lost its lease can neither renew nor write, and its release takes nothing away", () => {
  const { store, run } = newRun();
  const frozen = takeLease(store, run, machine());
  const journal = openJournal(store, run, frozen.fence, now);
  const other = takeLease(store, run, machine({ uptime: () => 1016, pid: 200 }));
  openJournal(store, run, other.fence, now).append(taken(other.fence));
  expect(frozen.renew()).toBe(false);
  expect(() => journal.append(taken(frozen.fence))).toThrow(expect.objectContaining({ code: "lease_lost" }));
  frozen.release();
  expect(store.events(run, 0)).toHaveLength(2);
  expect(stateOf(store, run, machine({ uptime: () => 1016 }))).toBe("running");
});

test("a lease that is given back can be taken at once", () => {
  const { store, run } = newRun();
  takeLease(store, run, machine()).release();
  expect(takeLease(store, run, machine({ pid: 200 })).fence).toBe(2);
});

test("a heartbeat that finds the lease gone says so once, and one that cannot ask does so when its time is over", async () => {
  const reasons: string[] = [];
  const lost = new Promise<void>((resolve) => {
    let beats = 0;
    const renew = () => {
      throw new Error("disk full");
    };
    const lease = { fence: 1, renew, release: () => undefined };
    keepLease(
      lease,
      "run_1",
      machine({ uptime: () => 1000 + 10 * beats++ }),
      ({ code, cause }) => {
        reasons.push(`${code}: ${cause}`);
        resolve();
      },
      5,
    );
  });
  await lost;
  expect(reasons).toEqual([
    "lease_lost: The state folder could not be written for longer than a lease lasts: disk full",
  ]);
});

test("a cancel is for the worker that has the run, and not for one that resumes it", () => {
  const { store, run } = newRun();
  const first = takeLease(store, run, machine());
  requestCancel(store, run, machine(), now);
  expect(store.cancelled(run, first.fence)).toBe(true);
  first.release();
  const second = takeLease(store, run, machine());
  expect(store.cancelled(run, second.fence)).toBe(false);
});

test("a cancel before the worker stands up waits for it; of a run that is over it is refused", () => {
  const { store, run } = newRun();
  requestCancel(store, run, machine(), now);
  const lease = takeLease(store, run, machine());
  expect(store.cancelled(run, lease.fence)).toBe(true);
  openJournal(store, run, lease.fence, now).append({ event: "ended", state: "cancelled" });
  expect(() => requestCancel(store, run, machine(), now)).toThrow(expect.objectContaining({ code: "not_running" }));
});

test("the journal cannot be edited or shortened by way of the store", () => {
  const { run } = newRun();
  expect(() => edit(`UPDATE events SET body = '{}' WHERE run = '${run}'`)).toThrow("append-only");
  expect(() => edit(`DELETE FROM events WHERE run = '${run}'`)).toThrow("append-only");
});

test.each<[string, string, number]>([
  ["a changed body", "UPDATE events SET body = replace(body, 'web', 'job') WHERE seq = 3", 3],
  ["a changed time", "UPDATE events SET at = '2026-01-01T00:00:00.000Z' WHERE seq = 2", 2],
  ["a line taken out", "DELETE FROM events WHERE seq = 3", 3],
  ["the first line taken out", "DELETE FROM events WHERE seq = 1", 1],
  ["a line added", "INSERT INTO events SELECT run, 5, at, body, prev, hash FROM events WHERE seq = 2", 5],
  [
    "a line put between",
    `UPDATE events SET seq = -seq - 1 WHERE seq > 2; UPDATE events SET seq = -seq WHERE seq < 0;
     INSERT INTO events SELECT run, 3, at, body, hash, hash FROM events WHERE seq = 2`,
    3,
  ],
  ["a body that is no event", "UPDATE events SET body = '{}' WHERE seq = 4", 4],
  ["two lines swapped", "UPDATE events SET seq = CASE seq WHEN 2 THEN 30 WHEN 3 THEN 2 ELSE seq END WHERE seq < 4", 2],
])("%s shows, at the first line that is not as it was written", (_, sql, seq) => {
  const { store, run } = newRun();
  const lease = takeLease(store, run, machine());
  const journal = openJournal(store, run, lease.fence, now);
  for (const step of ["db", "web", "proxy"]) journal.append({ event: "observed", step, title: step, output: {} });
  expect(verifyJournal(store.events(run, 0))).toEqual({ intact: true });
  edit(`DROP TRIGGER events_stay; DROP TRIGGER events_last; ${sql}`);
  expect(verifyJournal(store.events(run, 0))).toEqual({ intact: false, seq });
});

test("a line that was edited with its own hash made to fit shows all the same", () => {
  const { store, run } = newRun();
  const lease = takeLease(store, run, machine());
  const journal = openJournal(store, run, lease.fence, now);
  for (const step of ["db", "web"]) journal.append({ event: "observed", step, title: step, output: {} });
  const [first, second, third] = store.events(run, 0);
  if (!first || !second || !third) throw new Error("three lines were written");
  const { hash: _, ...line } = { ...second, body: second.body.replace("db", "other") };
  const forged = { ...line, hash: hashOf(line) };
  expect(verifyJournal([first, forged])).toEqual({ intact: true });
  expect(verifyJournal([first, forged, third])).toEqual({ intact: false, seq: 2 });
});

/** A worker in this process, whose runner only waits until it is let go or stopped. */
function worker(over: Partial<Assignment> = {}) {
  const { store, run } = newRun();
  const waiting = (work: Work) =>
    new Promise<Outcome>((resolve, reject) => {
      if (work.signal.aborted) reject(work.signal.reason);
      work.signal.addEventListener("abort", () => reject(work.signal.reason));
      resolve({ state: "done" });
    });
  const assignment: Assignment = {
    ...{ store, run, action: "apply", version: "0.1.0", logs: join(folder, "logs"), machine: machine(), now },
    runner: { preview: async () => [], apply: waiting, rollback: waiting },
    scrubber: () => ({ push: (text) => text, end: () => "" }),
    scrub: (text) => text,
    verifyGrant: async () => undefined,
    stillValid: async () => true,
    shutdown: new AbortController().signal,
    ...over,
  };
  const kinds = () =>
    store
      .events(run, 0)
      .map(eventIn)
      .map(({ event }) => event);
  return { store, run, kinds, work: () => workOn(assignment) };
}

test("a run whose grant does not cover it ends before its first step, and its lease is given back", async () => {
  const { work, kinds, store, run } = worker({
    verifyGrant: async () => {
      throw new BerthError({ code: "grant_expired", message: "over", object: "grant_1", cause: "", next: "" });
    },
  });
  expect(await work()).toMatchObject({ state: "failed", step: null, failure: { code: "grant_expired" } });
  expect(kinds()).toEqual(["opened", "taken", "ended"]);
  expect(stateOf(store, run, machine())).toBe("failed");
  expect(takeLease(store, run, machine({ pid: 200 })).fence).toBe(2);
});

test("a run is not resumed over something newer, but may be taken back", async () => {
  const stale = worker({ stillValid: async () => false });
  expect(await stale.work()).toMatchObject({ state: "failed", failure: { code: "superseded", object: "shop" } });
  const back = worker({ stillValid: async () => false, action: "rollback" });
  expect(await back.work()).toEqual({ state: "done" });
});

test("what is done is not done again, and what was begun to be taken back is not brought forward", async () => {
  const done = worker();
  await done.work();
  await expect(done.work()).rejects.toMatchObject({ code: "run_over" });
  const { store, run, work } = worker();
  const lease = takeLease(store, run, machine());
  openJournal(store, run, lease.fence, now).append({ ...taken(lease.fence), action: "rollback" });
  lease.release();
  await expect(work()).rejects.toMatchObject({ code: "run_over", cause: "Its rollback has begun." });
});

test("a cancel that came before the worker stops it before its first step", async () => {
  const { store, run, work } = worker();
  requestCancel(store, run, machine(), now);
  expect(await work()).toEqual({ state: "cancelled" });
});

const lost = { code: "connection_lost", message: "lost", object: "server", cause: "", next: "" };

/** A worker whose line is lost the first so many times. */
function losing(times: number, wayBack: Assignment["wayBack"]) {
  let left = times;
  const apply = async (): Promise<Outcome> =>
    left-- > 0 ? { state: "failed", step: "one", failure: lost } : { state: "done" };
  const runner: Assignment["runner"] = { preview: async () => [], apply, rollback: apply };
  return worker({ runner, ...(wayBack && { wayBack }) });
}

test("a worker whose line was lost takes its run again when it is back, under the next number", async () => {
  const { work, store, run, kinds } = losing(2, async () => async () => undefined);
  expect(await work()).toEqual({ state: "done" });
  expect(kinds()).toEqual(["opened", "taken", "waiting", "taken", "waiting", "taken", "ended"]);
  const fences = store.events(run, 0).map(eventIn);
  expect(fences.flatMap((event) => (event.event === "taken" ? [event.fence] : []))).toEqual([1, 2, 3]);
  expect(store.lease(run)).toMatchObject({ fence: 3, expires: 0 });
  expect(verifyJournal(store.events(run, 0))).toEqual({ intact: true });
});

test("a failure that is not the line's stands, and so does one for which the line does not come back", async () => {
  const other = losing(1, async () => undefined);
  expect(await other.work()).toMatchObject({ state: "failed", step: "one" });
  expect(other.kinds()).toEqual(["opened", "taken", "ended"]);
  const gone = losing(1, async () => async () => {
    throw new BerthError({ ...lost, code: "host_unreachable" });
  });
  expect(await gone.work()).toMatchObject({ state: "failed", failure: { code: "host_unreachable" } });
  expect(gone.kinds()).toEqual(["opened", "taken", "waiting", "ended"]);
});

test("a cancel and another worker end the waiting for the line", async () => {
  const stopped = losing(1, async () => async () => requestCancel(stopped.store, stopped.run, machine(), now));
  expect(await stopped.work()).toEqual({ state: "cancelled" });
  expect(stopped.kinds()).toEqual(["opened", "taken", "waiting", "ended"]);
  const overtaken = losing(1, async () => async () => {
    takeLease(overtaken.store, overtaken.run, machine({ uptime: () => 2000, pid: 200 }));
  });
  await expect(overtaken.work()).rejects.toMatchObject({ code: "lease_lost" });
  expect(overtaken.kinds()).toEqual(["opened", "taken", "waiting"]);
});

test("who reads along when the whole machine wakes waits for the worker, and not for one that is gone", async () => {
  const { store, run } = newRun();
  let uptime = 1000;
  const woken = machine({ uptime: () => uptime });
  const lease = takeLease(store, run, woken);
  const journal = openJournal(store, run, lease.fence, now);
  journal.append(taken(lease.fence));
  uptime = 2000;
  const reading = { logs: join(folder, "logs"), onEvent: () => undefined };
  expect(
    await follow(store, run, { ...reading, machine: machine({ uptime: () => uptime, mayLive: () => false }) }),
  ).toEqual({ state: "interrupted", seq: 2 });
  const reader = follow(store, run, { ...reading, machine: woken });
  await sleep(300);
  lease.renew();
  journal.append({ event: "ended", state: "done" });
  lease.release();
  expect(await reader).toEqual({ state: "done", seq: 3 });
});
