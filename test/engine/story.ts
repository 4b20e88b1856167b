import { DatabaseSync } from "node:sqlite";
import { BerthError } from "../../src/kit/error.ts";
import type { Action, RunEvent } from "../../src/run/event.ts";
import { eventIn } from "../../src/run/journal.ts";
import { openRun, requestCancel, stateOf } from "../../src/run/runs.ts";
import type { StepCall } from "../../src/run/step.ts";
import type { LeaseRow, RunStore } from "../../src/run/store.ts";
import type { Outcome } from "../../src/run/work.ts";
import { workOn } from "../../src/run/worker.ts";
import { runStore } from "../../src/store/runs.ts";
import { schema } from "../../src/store/schema.ts";
import { storeOver } from "../../src/store/store.ts";
import { openComputer, type Process, untilStill } from "./computer.ts";
import type { Happening } from "./happenings.ts";
import { openWitness, type Witness } from "./witness.ts";
import { inputOf, runnerFor, type World } from "./world.ts";

/** Seconds for which a holder that says nothing keeps its run. */
const leaseSeconds = 15;
const now = () => new Date(1_700_000_000_000);

/** One worker, and what became of it. */
interface Worker {
  process: Process;
  /** The number of its taking; 0 where it was refused. */
  fence: number;
  /** Until when nobody else may take the run, as long as it lives. */
  holdsUntil: number;
  outcome: Outcome | undefined;
  refused: unknown;
}

/** A run on a simulated computer, over a simulated world, in a real store. */
export function openStory(calls: StepCall[], things: Record<string, string>) {
  const database = new DatabaseSync(":memory:");
  for (const step of schema) database.exec(step);
  const store = runStore(storeOver(database, "memory"));
  const asked = { stack: null, operation: {}, grant: null, parts: [], calls, version: "0.1.0" };
  const run = openRun(store, asked, now).id;
  const computer = openComputer();
  const world: World = { things: new Map(Object.entries(things)), starts: new Map(), faults: [], holder: 0 };
  const workers: Worker[] = [];
  const witness = openWitness(calls, () => store.events(run, 0));
  const state = { full: false, superseded: false };

  const holder = () =>
    workers.find(({ process, holdsUntil }) => process.alive && holdsUntil > computer.machine.uptime());

  /** Starts a worker; judged here is whether it got the run when, and only when, nobody had it. */
  async function start(action: Action): Promise<Worker> {
    const process = computer.start();
    const worker: Worker = { process, fence: 0, holdsUntil: 0, outcome: undefined, refused: undefined };
    const before = holder();
    workers.push(worker);
    const assignment = {
      store: storeFor(worker),
      run,
      action,
      // Forth, a worker locks the world when it first acts, as in services/contexts.ts. Back, before it looks: what it finds
      // to be gone already is not locked else, and one that was overtaken could still make it.
      runner: runnerFor(world, process, witness, action === "rollback"),
      version: "0.1.0",
      logs: "/nowhere",
      machine: process.machine,
      now,
      scrubber: () => ({ push: (text: string) => text, end: () => "" }),
      scrub: (text: string) => text,
      verifyGrant: () => process.reach(),
      stillValid: async () => !state.superseded,
      shutdown: process.term.signal,
    };
    void process
      .within(() => workOn(assignment))
      .then(
        (outcome) => Object.assign(worker, { outcome }),
        (refused) => Object.assign(worker, { refused }),
      )
      .then(() => process.die());
    await untilStill();
    const busy = worker.refused instanceof BerthError && worker.refused.code === "run_busy";
    if (worker.fence > 0 && before) witness.wrongs.push(`${process.id} took the run of ${before.process.id}`);
    if (busy && !before) witness.wrongs.push(`${process.id} was refused a run that nobody had`);
    return worker;
  }

  function storeFor(worker: Worker): RunStore {
    const { process } = worker;
    const lease = (row: LeaseRow) => {
      worker.fence = row.fence;
      worker.holdsUntil = row.expires === 0 ? 0 : computer.machine.uptime() + leaseSeconds;
      store.putLease(row);
    };
    return {
      ...store,
      ...mortal(process, store, () => state.full),
      putLease: lease,
      addEvent: witnessed(process, store, witness),
    };
  }

  /** What people are told of the run, against what is. */
  function judgeState(): void {
    const last = store.lastEvent(run);
    const line = last && eventIn(last);
    const left = line?.event === "opened" ? "pending" : "interrupted";
    const is = line?.event === "ended" ? line.state : holder() ? "running" : left;
    const said = stateOf(store, run, computer.machine);
    if (said !== is) witness.wrongs.push(`it is said to be ${said}, and is ${is}`);
  }

  /** Lets a worker go on to its end, alone. */
  async function finish(worker: Worker): Promise<Worker> {
    const { process } = worker;
    await untilStill();
    while (process.alive && process.waits()) await process.move();
    if (process.alive) throw new Error(`process ${process.id} stands still, and waits for nothing`);
    return worker;
  }

  function cancel(): void {
    try {
      requestCancel(store, run, computer.machine, now);
    } catch (error) {
      if (!(error instanceof BerthError && error.code === "not_running")) throw error;
    }
  }

  function meddle(step: number, leave: "nothing" | "what is planned" | "something else"): void {
    const call = calls[step % calls.length] as StepCall;
    const { key } = inputOf(call);
    const migrates = calls.some(({ id }) => id === `${key}.create`);
    if (leave === "nothing") world.things.delete(key);
    else if (!migrates) world.things.set(key, leave === "what is planned" ? "new" : "other");
    // Who makes the container of a migration that has run asks for a second one.
    else if (!world.starts.has(key)) world.things.set(key, "created");
  }

  async function happen(happening: Happening): Promise<void> {
    const living = computer.living();
    const process = "who" in happening ? living[happening.who % living.length] : undefined;
    switch (happening.what) {
      case "start":
        return void (await start(happening.action));
      case "moves":
        for (let moves = happening.count; moves > 0; moves--) await process?.move();
        return;
      case "die":
        return process?.die();
      case "die at a write":
        if (process) process.death = { writes: happening.writes, side: happening.side };
        return;
      case "freeze":
        if (process) process.frozen = true;
        return;
      case "thaw":
        return process?.thaw();
      case "terminate":
        return process?.terminate();
      case "tick":
        if (process && !process.frozen) process.tick();
        return;
      case "pass":
        return computer.pass(happening.seconds);
      case "full disk":
        state.full = true;
        computer.pass(happening.seconds);
        state.full = false;
        return;
      case "others":
        return meddle(happening.step, happening.leave);
      case "fault":
        return void world.faults.push(happening.fault);
      case "disk":
        state.full = happening.full;
        return;
      case "cancel":
        return cancel();
      case "reboot":
        return computer.reboot();
      case "supersede":
        state.superseded = true;
        return;
    }
  }

  return {
    run,
    store,
    world,
    computer,
    workers,
    witness,
    state,
    start,
    finish,
    happen: async (happening: Happening) => {
      await happen(happening);
      await untilStill();
      judgeState();
    },
    rows: () => store.events(run, 0),
    events: (): RunEvent[] => store.events(run, 0).map(eventIn),
    close: () => database.close(),
  };
}
export type Story = ReturnType<typeof openStory>;

/** A store whose disk may be full, and at whose writes a process may die. */
function mortal(process: Process, store: RunStore, full: () => boolean): Pick<RunStore, "write"> {
  let inside = false;
  const deathAt = (side: "before" | "after") => {
    if (process.death?.writes === 0 && process.death.side === side) process.die();
    // Where it is dead, nothing that it still calls does anything.
    if (!process.alive) throw new Error("dead");
    if (side === "after" && process.death) process.death.writes -= 1;
  };
  return {
    write: (body) => {
      if (inside) return body();
      deathAt("before");
      if (full()) throw diskFull();
      inside = true;
      try {
        return store.write(body);
      } finally {
        inside = false;
        deathAt("after");
      }
    },
  };
}

const witnessed =
  (process: Process, store: RunStore, witness: Witness): RunStore["addEvent"] =>
  (row) => {
    witness.writes(process, row);
    store.addEvent(row);
  };

const diskFull = () =>
  new BerthError({
    code: "store_unwritable",
    message: "The store cannot be written.",
    object: "memory",
    cause: "The disk is full.",
    next: "Make room.",
  });
