import { expect, test } from "vitest";
import { z } from "zod";
import type { RunEvent } from "./event.ts";
import { createRunner } from "./runner.ts";
import { type RunContext, stepsFor } from "./step.ts";
import type { Work } from "./work.ts";

const defineStep = stepsFor<RunContext>();

/** Steps that set a key and measure something from the first of them on; where it is broken, none does. */
function setup({ holds = [] as string[], finds = true, fails = false } = {}) {
  const world = { set: new Set(holds), broken: "" };
  const begun: string[] = [];
  const ended: string[] = [];
  const set = defineStep({
    kind: "set",
    effect: "change",
    input: z.string(),
    before: z.null(),
    output: z.null(),
    title: (key) => `set ${key}`,
    observe: async (key) => (world.set.has(key) ? { output: null } : { before: null }),
    apply: async (key, _before, { beside }) => {
      const going = await beside("requests", async () => {
        begun.push(key);
        const end = async () => {
          if (fails) throw new Error("no hunter2");
          return { said: `hunter2 since ${key}`, ended: ended.push(key) };
        };
        return finds ? { key, end } : undefined;
      });
      expect(going?.key).toBe(finds ? begun.at(-1) : undefined);
      if (world.broken === key) throw new Error("broken");
      world.set.add(key);
    },
    undo: async (key, _before, { beside }) => {
      expect(await beside("requests", async () => ({ end: async () => null }))).toBeUndefined();
      world.set.delete(key);
    },
  });
  const events: RunEvent[] = [];
  const work: Work = {
    run: "run_1",
    journal: { events: () => events, append: (event) => void events.push(event) },
    signal: new AbortController().signal,
    openLog: () => ({ write: () => undefined, close: () => undefined }),
    scrub: (text) => text.replaceAll("hunter2", "[secret]"),
  };
  const calls = ["a", "b", "c"].map((key) => set(key, key));
  const runner = createRunner<RunContext>([set], (base) => base);
  return {
    ...{ world, begun, ended, events },
    preview: () => runner.preview(calls, work.signal),
    apply: () => runner.apply(work, calls),
    rollback: () => runner.rollback(work, calls),
    kinds: () => events.map(({ event }) => event),
  };
}

test("begun by the first that asks, ended after the last step, and journalled without secrets", async () => {
  const { preview, apply, begun, ended, kinds, events } = setup({ holds: ["a"] });
  await preview();
  expect(begun).toEqual([]);
  expect(await apply()).toEqual({ state: "done" });
  expect([begun, ended]).toEqual([["b"], ["b"]]);
  expect(kinds()).toEqual(["observed", "started", "done", "started", "done", "measured"]);
  const figures = { said: "[secret] since b", ended: 1 };
  expect(events.at(-1)).toEqual({ event: "measured", what: "requests", figures, masked: true });
});

test("ended also where a step fails, and begun anew when the run goes on", async () => {
  const { apply, world, kinds, begun, events } = setup();
  world.broken = "b";
  expect(await apply()).toMatchObject({ state: "failed", step: "b" });
  expect(kinds().slice(-2)).toEqual(["failed", "measured"]);
  world.broken = "";
  await apply();
  expect(begun).toEqual(["a", "b"]);
  expect(events.at(-1)).toMatchObject({ event: "measured", figures: { ended: 2 } });
});

test("who finds nothing to measure is asked once, and the journal says nothing", async () => {
  const { apply, begun, kinds } = setup({ finds: false });
  expect(await apply()).toEqual({ state: "done" });
  expect(begun).toEqual(["a"]);
  expect(kinds()).not.toContain("measured");
});

test("one that fails at its end changes nothing in how the steps ended, and the journal says why", async () => {
  const { apply, world, events } = setup({ fails: true });
  world.broken = "b";
  expect(await apply()).toMatchObject({ state: "failed", step: "b" });
  expect(events.at(-1)).toMatchObject({ event: "measured", figures: { failure: { message: "no [secret]" } } });
  world.broken = "";
  expect(await apply()).toEqual({ state: "done" });
});

test("while changes are taken back nothing is measured", async () => {
  const { apply, rollback, events } = setup();
  await apply();
  expect(await rollback()).toEqual({ state: "rolled_back", left: [] });
  expect(events.filter(({ event }) => event === "measured")).toHaveLength(1);
});
