import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { BerthError } from "../kit/error.ts";
import type { RunEvent } from "./event.ts";
import { createRunner } from "./runner.ts";
import { type RunContext, type StepCall, stepsFor } from "./step.ts";
import { cancelled } from "./stop.ts";
import type { Work } from "./work.ts";

/** A world of named values, and what may go wrong in it while it is changed. */
interface World {
  values: Map<string, string>;
  /** Called before each look and act; throws to fail there. */
  disturb(point: string): void;
  /** Acts return as if they had done it. */
  lies: boolean;
}
type Context = RunContext & { world: World };

const Input = z.object({ key: z.string(), value: z.string(), after: z.string().optional() });
const defineStep = stepsFor<Context>();
const setting = {
  effect: "change" as const,
  input: Input,
  before: z.object({ value: z.string().nullable() }),
  output: z.object({ value: z.string() }),
  title: ({ key, value }: z.infer<typeof Input>) => `set ${key} to ${value}`,
  async observe({ key, value, after }: z.infer<typeof Input>, { world, outputOf }: Context) {
    world.disturb(`observe ${key}`);
    if (after !== undefined) z.object({ value: z.string() }).parse(outputOf(after));
    const now = world.values.get(key) ?? null;
    return now === value ? { output: { value } } : { before: { value: now } };
  },
  async apply({ key, value }: z.infer<typeof Input>, _before: { value: string | null }, { world, log }: Context) {
    world.disturb(`before ${key}`);
    if (!world.lies) world.values.set(key, value);
    log(`set ${key}\n`);
    world.disturb(`after ${key}`);
  },
};
const setValue = defineStep({
  kind: "value.set",
  ...setting,
  async undo({ key }, before, { world }) {
    world.disturb(`undo ${key}`);
    if (before.value === null) world.values.delete(key);
    else world.values.set(key, before.value);
  },
});
const burn = defineStep({ kind: "value.burn", ...setting, effect: "destroy" });
const migrate = defineStep({ kind: "value.migrate", ...setting, once: true });

const plan = [
  setValue("a", { key: "a", value: "new" }),
  setValue("b", { key: "b", value: "new", after: "a" }),
  setValue("c", { key: "c", value: "new", after: "b" }),
];

function setup({ values = {}, calls = plan }: { values?: Record<string, string>; calls?: StepCall[] } = {}) {
  const world: World = { values: new Map(Object.entries(values)), disturb: () => undefined, lies: false };
  const events: RunEvent[] = [];
  /** Steps that were recorded as done while the world did not show them. */
  const unshown: string[] = [];
  let stop = new AbortController();
  const work = (): Work => ({
    run: "run_1",
    journal: {
      events: () => structuredClone(events),
      append: (event) => {
        world.disturb(`append ${event.event}`);
        if (event.event === "done" || event.event === "observed") {
          const shown = Input.parse(calls.find(({ id }) => id === event.step)?.input);
          if (world.values.get(shown.key) !== shown.value) unshown.push(event.step);
        }
        events.push(JSON.parse(JSON.stringify(event)));
      },
    },
    signal: stop.signal,
    openLog: () => ({ write: () => undefined, close: () => undefined }),
    scrub: (text) => text.replaceAll("hunter2", "[secret]"),
  });
  const runner = createRunner<Context>([setValue, burn, migrate], (base) => ({ ...base, world }));
  return {
    world,
    events,
    unshown,
    cancel: () => stop.abort(cancelled("run_1")),
    preview: () => runner.preview(calls, stop.signal),
    apply: () => {
      stop = stop.signal.aborted ? new AbortController() : stop;
      return runner.apply(work(), calls);
    },
    rollback: () => {
      stop = stop.signal.aborted ? new AbortController() : stop;
      return runner.rollback(work(), calls);
    },
    kinds: () => events.map((event) => event.event),
  };
}

const failAt = (point: string) => (at: string) => {
  if (at === point) throw new Error(`no ${point}`);
};

test("a preview says what would change, in a world that does not have it yet, and changes nothing", async () => {
  const { preview, world, events } = setup({ values: { a: "new" } });
  const lines = (await preview()).map(({ title, holds, reversible }) => ({ title, holds, reversible }));
  expect(lines).toEqual([
    { title: "set a to new", holds: true, reversible: true },
    { title: "set b to new", holds: false, reversible: true },
    { title: "set c to new", holds: false, reversible: true },
  ]);
  expect([...world.values]).toEqual([["a", "new"]]);
  expect(events).toEqual([]);
});

test("what holds is observed, the rest is started and done", async () => {
  const { apply, kinds } = setup({ values: { a: "new", b: "old" } });
  expect(await apply()).toEqual({ state: "done" });
  expect(kinds()).toEqual(["observed", "started", "done", "started", "done"]);
});

test("applied again, every step is observed and none is done", async () => {
  const { apply, kinds, events } = setup();
  await apply();
  events.length = 0;
  expect(await apply()).toEqual({ state: "done" });
  expect(kinds()).toEqual(["observed", "observed", "observed"]);
});

test("a step that reports success and changes nothing has failed", async () => {
  const { apply, world, kinds } = setup();
  world.lies = true;
  expect(await apply()).toMatchObject({ state: "failed", step: "a", failure: { code: "not_observed", object: "a" } });
  expect(kinds()).toEqual(["started", "failed"]);
});

test("a crash after the act is found out by looking: the step is recorded as this run's, and is taken back", async () => {
  const { apply, rollback, world, kinds } = setup({ values: { b: "old" } });
  world.disturb = failAt("append done");
  await expect(apply()).resolves.toMatchObject({ state: "failed" });
  world.disturb = () => undefined;
  await apply();
  expect(kinds().slice(0, 3)).toEqual(["started", "failed", "done"]);
  expect(await rollback()).toEqual({ state: "rolled_back", left: [] });
  expect(Object.fromEntries(world.values)).toEqual({ b: "old" });
});

test("a rollback leaves what others made, and names what has no way back", async () => {
  const calls = [setValue("a", { key: "a", value: "new" }), burn("b", { key: "b", value: "new" })];
  const { apply, rollback, world } = setup({ values: { a: "new", b: "old" }, calls });
  await apply();
  expect(await rollback()).toEqual({ state: "rolled_back", left: ["b"] });
  expect(Object.fromEntries(world.values)).toEqual({ a: "new", b: "new" });
});

test("a rollback goes backwards, since later steps stand on earlier ones", async () => {
  const { apply, rollback, events } = setup();
  await apply();
  await rollback();
  const undone = events.flatMap((event) => (event.event === "undone" ? [event.step] : []));
  expect(undone).toEqual(["c", "b", "a"]);
});

test("what must not be done twice is not done again when it has vanished", async () => {
  const { apply, world } = setup({ calls: [migrate("m", { key: "m", value: "new" })] });
  await apply();
  world.values.delete("m");
  expect(await apply()).toMatchObject({ state: "failed", failure: { code: "vanished" } });
  expect(world.values.has("m")).toBe(false);
});

test("what this run has only seen is not done again either: it may have gone on from there", async () => {
  const calls = [migrate("m", { key: "m", value: "new" }), setValue("a", { key: "a", value: "new" })];
  const { apply, world, kinds } = setup({ values: { m: "new" }, calls });
  await apply();
  expect(kinds()).toEqual(["observed", "started", "done"]);
  world.values.delete("m");
  expect(await apply()).toMatchObject({ state: "failed", failure: { code: "vanished" } });
  expect(world.values.has("m")).toBe(false);
});

test("who is stopped while it looks begins nothing more, forth or back", async () => {
  const run = setup();
  run.world.disturb = (point) => point === "observe a" && run.cancel();
  expect(await run.apply()).toEqual({ state: "cancelled" });
  expect(run.kinds()).toEqual(["cancelled"]);
  run.world.disturb = () => undefined;
  await run.apply();
  run.world.disturb = (point) => point === "observe c" && run.cancel();
  expect(await run.rollback()).toEqual({ state: "cancelled" });
  expect(run.kinds().at(-1)).toBe("cancelled");
  expect(run.kinds()).not.toContain("undoing");
});

test("a cancel ends it inside a step and between steps, and it can go on", async () => {
  const run = setup();
  run.world.disturb = (point) => {
    if (point !== "before b") return;
    run.cancel();
    throw new DOMException("stopped", "AbortError");
  };
  expect(await run.apply()).toEqual({ state: "cancelled" });
  expect(run.events.at(-1)).toEqual({ event: "cancelled", step: "b" });
  run.world.disturb = (point) => {
    if (point === "after b") run.cancel();
  };
  expect(await run.apply()).toEqual({ state: "cancelled" });
  expect(run.events.at(-1)).toEqual({ event: "cancelled", step: "c" });
  run.world.disturb = () => undefined;
  expect(await run.apply()).toEqual({ state: "done" });
});

test("who lost the lease records nothing more", async () => {
  const run = setup();
  const lost = new BerthError({ code: "lease_lost", message: "lost", object: "run_1", cause: "", next: "" });
  run.world.disturb = (point) => {
    if (point === "append done") throw lost;
  };
  await expect(run.apply()).rejects.toBe(lost);
  expect(run.kinds()).toEqual(["started"]);
});

test("a known secret is masked in the journal, and what it stood in is not taken back to the mask", async () => {
  const run = setup({ values: { a: "hunter2" }, calls: [setValue("a", { key: "a", value: "new" })] });
  await run.apply();
  expect(JSON.stringify(run.events)).not.toContain("hunter2");
  expect(run.events[0]).toMatchObject({ before: { value: "[secret]" }, masked: true });
  expect(await run.rollback()).toEqual({ state: "rolled_back", left: ["a"] });
  expect(run.world.values.get("a")).toBe("new");
});

test("a plan that cannot be read whole is refused before its first step", async () => {
  const unknown = { id: "x", kind: "value.unknown", input: {} };
  for (const calls of [
    [...plan, unknown],
    [...plan, ...plan],
    [...plan, setValue("y", { key: "y" } as never)],
  ]) {
    const { apply, world } = setup({ calls });
    await expect(apply()).rejects.toMatchObject({ code: "step_unreadable" });
    expect(world.values.size).toBe(0);
  }
});

test("what a step leaves for its end is done also when it fails", async () => {
  const done: string[] = [];
  const runner = createRunner<Context>([setValue], (base, call, atEnd) => {
    atEnd(async () => void done.push(`unlock ${call.id}`));
    atEnd(async () => void done.push(`close ${call.id}`));
    return { ...base, world: { values: new Map(), disturb: failAt("before b"), lies: false } };
  });
  await runner.preview(plan, new AbortController().signal).catch(() => undefined);
  expect(done.slice(0, 2)).toEqual(["close a", "unlock a"]);
});

/** What can happen to a run between its beginning and its last, undisturbed taking. */
const Happening = fc.oneof(
  fc.record({ what: fc.constant("fail" as const), at: fc.nat(30) }),
  fc.record({ what: fc.constant("crash" as const), at: fc.nat(30) }),
  fc.record({ what: fc.constant("cancel" as const), at: fc.nat(30) }),
  fc.record({ what: fc.constant("lie" as const), at: fc.constant(0) }),
  fc.record({
    what: fc.constant("change" as const),
    key: fc.constantFrom("a", "b", "c", "d"),
    value: fc.constantFrom("old", "new", "other"),
  }),
);

type Run = ReturnType<typeof setup>;

async function happen(
  run: Run,
  happening: typeof Happening extends fc.Arbitrary<infer H> ? H : never,
  act: () => Promise<unknown>,
) {
  const { world } = run;
  if (happening.what === "change") {
    world.values.set(happening.key, happening.value);
    return;
  }
  const { what, at } = happening;
  let points = 0;
  let dead = false;
  world.lies = what === "lie";
  world.disturb = () => {
    // A process that crashed does nothing more, whatever its code would catch.
    if (dead) throw new Error("dead");
    if (points++ !== at || what === "lie") return;
    dead = what === "crash";
    if (what === "cancel") run.cancel();
    else throw new Error(what);
  };
  await act().catch(() => undefined);
  world.lies = false;
  world.disturb = () => undefined;
}

const start = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.constantFrom("old", "new"), {
  noNullPrototype: true,
});

test("after any failures, crashes, cancels and changes by others, one undisturbed taking ends in the plan's world", async () => {
  await fc.assert(
    fc.asyncProperty(start, fc.array(Happening, { maxLength: 8 }), async (values, happenings) => {
      const run = setup({ values });
      for (const happening of happenings) await happen(run, happening, run.apply);
      expect(await run.apply()).toEqual({ state: "done" });
      for (const key of ["a", "b", "c"]) expect(run.world.values.get(key)).toBe("new");
      expect(run.unshown).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test("after the same, a rollback restores exactly what this run changed", async () => {
  await fc.assert(
    fc.asyncProperty(
      start,
      fc.array(Happening, { maxLength: 6 }),
      fc.array(Happening, { maxLength: 4 }),
      async (values, forth, back) => {
        const run = setup({ values });
        for (const happening of forth) await happen(run, happening, run.apply);
        for (const happening of back) await happen(run, happening, run.rollback);
        const before = new Map(run.world.values);
        const firsts = firstBefore(run.events);
        expect(await run.rollback()).toEqual({ state: "rolled_back", left: [] });
        for (const key of ["a", "b", "c", "d"])
          expect(run.world.values.get(key) ?? null).toBe(firsts.has(key) ? firsts.get(key) : (before.get(key) ?? null));
      },
    ),
    { numRuns: 500 },
  );
});

/** What stood there when this run first touched it, for each step that it has not taken back. */
function firstBefore(events: readonly RunEvent[]): Map<string, string | null> {
  const firsts = new Map<string, string | null>();
  for (const event of events) {
    if (event.event === "undone") firsts.delete(event.step);
    if (event.event !== "started" || firsts.has(event.step)) continue;
    firsts.set(event.step, setting.before.parse(event.before).value);
  }
  return firsts;
}
