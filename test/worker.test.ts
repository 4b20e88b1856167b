import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sha256 } from "../src/kit/canonical.ts";
import { until } from "../src/kit/wait.ts";
import type { Action, RunEvent } from "../src/run/event.ts";
import { follow } from "../src/run/follow.ts";
import { eventIn, verifyJournal } from "../src/run/journal.ts";
import { startWorker } from "../src/run/launch.ts";
import { thisMachine } from "../src/run/machine.ts";
import { openRun, requestCancel, stateOf } from "../src/run/runs.ts";
import { openStore } from "../src/store/open.ts";
import { runStore } from "../src/store/runs.ts";
import type { Store } from "../src/store/store.ts";
import { hangFile, hangingFile, keys, plan } from "./worker/world.ts";

// Real processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const machine = thisMachine();
const now = () => new Date();
const program = join(import.meta.dirname, "worker/worker.ts");

let folder: string;
let world: string;
let opened: Store;
let workers: number[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-worker-"));
  world = join(folder, "world");
  mkdirSync(world);
  opened = openStore(folder);
  workers = [];
});
afterEach(() => {
  for (const pid of workers) kill(pid, "SIGKILL");
  opened.close();
  rmSync(folder, { recursive: true });
});

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

function newRun() {
  const store = runStore(opened);
  const asked = { stack: "shop", operation: {}, grant: null, parts: [], calls: plan, version: "0.1.0" };
  const run = openRun(store, asked, now).id;
  const start = async (action: Action = "apply") => {
    const command = [process.execPath, program, folder, run, action, world] as const;
    const { pid } = await startWorker({ store, run, machine, command, logFile: join(folder, "worker.log"), env: {} });
    workers.push(pid);
    return pid;
  };
  const logs = join(folder, "logs", run);
  const read = async (after = 0) => {
    const events: RunEvent[] = [];
    let text = "";
    const onLog = (_: string, more: string) => {
      text += more;
    };
    const { state } = await follow(store, run, { machine, logs, after, onEvent: (event) => events.push(event), onLog });
    return { state, kinds: events.map(({ event }) => event), text };
  };
  return { store, run, start, read, logs };
}

/** Has a step stand still at a point; answers when it does. */
function hangAt(point: string) {
  writeFileSync(join(world, hangFile), point);
  const standing = async () => existsSync(join(world, hangingFile)) || undefined;
  return async () => expect(await until(standing, { timeoutMs: 20_000, everyMs: 20 })).toBe(true);
}
function goOn() {
  rmSync(join(world, hangFile), { force: true });
  rmSync(join(world, hangingFile), { force: true });
}

const files = () =>
  Object.fromEntries(
    readdirSync(world)
      .filter((name) => keys.includes(name))
      .map((name) => [name, readFileSync(join(world, name), "utf8")]),
  );
const planned = Object.fromEntries(keys.map((key) => [key, `new ${key}`]));

test("a detached worker does the run, and another process reads along", async () => {
  const { start, read, store, run } = newRun();
  await start();
  const { state, kinds, text } = await read();
  expect(state).toBe("done");
  expect(kinds).toEqual(["opened", "taken", "started", "done", "started", "done", "started", "done", "ended"]);
  expect(files()).toEqual(planned);
  expect(text).toContain("writing a, the password is [secret]");
  expect(text).not.toContain("hunter22");
  expect(verifyJournal(store.events(run, 0))).toEqual({ intact: true });
});

test.each(keys.flatMap((key) => [`before ${key}`, `after ${key}`]))(
  "kill -9 %s is written: the run is interrupted, and resumed it ends in the plan's world",
  async (point) => {
    const { start, read, store, run } = newRun();
    const standing = hangAt(point);
    const pid = await start();
    await standing();
    kill(pid, "SIGKILL");
    const cut = await read();
    expect(cut.state).toBe("interrupted");
    expect(cut.kinds.at(-1)).toBe("started");
    goOn();
    await start();
    expect((await read()).state).toBe("done");
    expect(files()).toEqual(planned);
    expect(verifyJournal(store.events(run, 0))).toEqual({ intact: true });
  },
);

test("killed while it goes forth, rolled back by another: the world is as it was", async () => {
  writeFileSync(join(world, "b"), "old b");
  const { start, read } = newRun();
  const standing = hangAt("after b");
  const pid = await start();
  await standing();
  kill(pid, "SIGKILL");
  goOn();
  await until(async () => (machine.mayLive(pid, null) ? undefined : true), { timeoutMs: 10_000, everyMs: 20 });
  await start("rollback");
  expect((await read()).state).toBe("rolled_back");
  expect(files()).toEqual({ b: "old b" });
  await expect(start()).rejects.toMatchObject({ code: "worker_died", cause: expect.stringContaining("run_over") });
  expect((await read()).state).toBe("rolled_back");
});

test("of two workers at once one does it, and the other ends", async () => {
  const { start, read, store, run } = newRun();
  const standing = hangAt("before a");
  await start();
  await standing();
  const second = start();
  await expect(second).rejects.toMatchObject({ code: "worker_died", cause: expect.stringContaining("run_busy") });
  requestCancel(store, run, machine, now);
  const { kinds } = await read();
  expect(kinds.filter((kind) => kind === "taken" || kind === "ended")).toEqual(["taken", "ended"]);
});

test("who reads on from an event gets what came after it, logs of the next worker included, and nothing twice", async () => {
  const { start, read, store, run } = newRun();
  const standing = hangAt("before b");
  const pid = await start();
  await standing();
  kill(pid, "SIGKILL");
  const first = await read();
  goOn();
  await start();
  const second = await read(first.kinds.length);
  expect(second.kinds).toEqual(["called", "taken", "observed", "started", "done", "started", "done", "ended"]);
  expect(first.text.match(/writing ./g)).toEqual(["writing a", "writing b"]);
  expect(second.text.match(/writing ./g)).toEqual(["writing b", "writing c"]);
  expect(await read(store.events(run, 0).length)).toEqual({ state: "done", kinds: [], text: "" });
});

test("a cancel from another process stops it inside a step, and it can be resumed", async () => {
  const { start, read, store, run } = newRun();
  const standing = hangAt("before b");
  await start();
  await standing();
  requestCancel(store, run, machine, now);
  const { state, kinds } = await read();
  expect(state).toBe("cancelled");
  expect(kinds.slice(-2)).toEqual(["cancelled", "ended"]);
  goOn();
  await start();
  expect((await read()).state).toBe("done");
  expect(files()).toEqual(planned);
});

test("a worker that is told to end leaves an interrupted run, not a failed one", async () => {
  const { start, read } = newRun();
  const standing = hangAt("before b");
  const pid = await start();
  await standing();
  kill(pid, "SIGTERM");
  const { state, kinds } = await read();
  expect(state).toBe("interrupted");
  expect(kinds.slice(-2)).toEqual(["interrupted", "ended"]);
});

test("a log's hash stands in the event that closes it", async () => {
  const { start, read, store, run, logs } = newRun();
  await start();
  await read();
  const seals = store
    .events(run, 0)
    .map(eventIn)
    .flatMap((event) => (event.event === "done" ? [event.log] : []));
  expect(seals.map((seal) => seal?.file)).toEqual(["1-a.log", "1-b.log", "1-c.log"]);
  for (const seal of seals) expect(sha256(readFileSync(join(logs, seal?.file ?? "")))).toBe(seal?.sha256);
});

test("a program that does not start is said to have died, with what it printed", async () => {
  const { store, run } = newRun();
  const command = [process.execPath, "--eval", "throw new Error('no such thing')"] as const;
  const launch = { store, run, machine, command, logFile: join(folder, "worker.log"), env: {} };
  await expect(startWorker(launch)).rejects.toMatchObject({
    code: "worker_died",
    cause: expect.stringContaining("no such thing"),
  });
  expect(stateOf(store, run, machine)).toBe("failed");
});

test("a worker that dies after its caller was answered shows in the run, which can be resumed", async () => {
  const { store, run, start, read } = newRun();
  const script = "setTimeout(() => { throw new Error('out of breath') }, 1500)";
  const command = [process.execPath, "--eval", script] as const;
  const launch = { store, run, machine, command, logFile: join(folder, "worker.log"), env: {}, waitMs: 10 };
  await startWorker(launch);
  expect(stateOf(store, run, machine)).toBe("pending");
  const died = async () => stateOf(store, run, machine) === "failed" || undefined;
  expect(await until(died, { timeoutMs: 30_000 })).toBe(true);
  const last = store.events(run, 0).map(eventIn).at(-1);
  expect(last).toMatchObject({ failure: { code: "worker_died", cause: expect.stringContaining("out of breath") } });
  await start();
  expect((await read()).state).toBe("done");
});

test("a run that had ended waits for its worker while that one starts", async () => {
  const { store, run, start } = newRun();
  const dying = { store, run, machine, logFile: join(folder, "worker.log"), env: {} };
  await expect(startWorker({ ...dying, command: [process.execPath, "--eval", "1"] })).rejects.toThrow();
  const sleeping = [process.execPath, "--eval", "setTimeout(() => {}, 60_000)"] as const;
  const { pid } = await startWorker({ ...dying, command: sleeping, waitMs: 10 });
  workers.push(pid);
  expect(stateOf(store, run, machine)).toBe("pending");
  await start();
  expect(stateOf(store, run, machine)).not.toBe("pending");
});
