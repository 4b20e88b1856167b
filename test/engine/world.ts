import { z } from "zod";
import { BerthError } from "../../src/kit/error.ts";
import { createRunner } from "../../src/run/runner.ts";
import { type RunContext, type StepCall, stepsFor } from "../../src/run/step.ts";
import type { Process } from "./computer.ts";

/** What may go wrong with the next look or act. */
export type Fault = "blind" | "refuse" | "late" | "lie";

/** A world of named things. Nobody has marked in it who made what. */
export interface World {
  things: Map<string, string>;
  /** How often the migration of each thing was started. */
  starts: Map<string, number>;
  faults: Fault[];
  /** The newest process that has locked it: the connections of older ones are ended. */
  holder: number;
}

/** What a process does to the world and sees of it, for one step. Who uses it reports to `Watch`. */
interface Hands {
  look(key: string): Promise<string | null>;
  lock(): Promise<void>;
  change(key: string, to: string | null, way?: Way): Promise<void>;
}

interface Way {
  /** What stands there between its two moves. */
  over?: string | undefined;
  /** A thing that must be there. */
  needs?: string | undefined;
  /** What is left as it is where it stands there by then. */
  keeps?: readonly string[];
}

/** Who is told what a process sees and does, to judge by it what it writes. */
export interface Watch {
  saw(process: Process, step: string, value: string | null): void;
  acts(process: Process, step: string): void;
  signal(process: Process, signal: AbortSignal): void;
}

type Context = RunContext & { hands: Hands };

const Input = z.object({
  key: z.string(),
  value: z.string(),
  /** A step whose output this one needs, and the thing that must be there. */
  after: z.object({ step: z.string(), key: z.string() }).nullable(),
  /** Made in two moves: who dies between them leaves half of it. */
  halves: z.boolean(),
  /** Its calls end at once when the run is stopped. */
  heeds: z.boolean(),
  /** Something is given back when the step has ended, as a lock for what stacks share. */
  givesBack: z.boolean(),
});
export type Input = z.infer<typeof Input>;
const Value = z.object({ value: z.string().nullable() });

const defineStep = stepsFor<Context>();
const making = {
  effect: "change" as const,
  input: Input,
  before: Value,
  output: Value,
  title: ({ key, value }: Input) => `make ${key} ${value}`,
  async observe({ key, value, after }: Input, { hands, outputOf }: Context) {
    if (after) Value.parse(outputOf(after.step));
    const now = await hands.look(key);
    return now === value ? { output: { value } } : { before: { value: now } };
  },
  async apply({ key, value, after, halves }: Input, _before: z.infer<typeof Value>, { hands }: Context) {
    await hands.lock();
    await hands.change(key, value, { needs: after?.key, over: halves ? "half" : undefined });
  },
};
const takenBack = {
  async undo({ key }: Input, { value }: z.infer<typeof Value>, { hands }: Context) {
    await hands.lock();
    await hands.change(key, value);
  },
};

const make = defineStep({ kind: "make", ...making, ...takenBack });
const burn = defineStep({ kind: "burn", ...making });
const burnOnce = defineStep({ kind: "burn-once", ...making, once: true });
const measure = defineStep({
  kind: "measure",
  ...making,
  ...takenBack,
  async apply(input, before, ctx) {
    // Begun before the change, and ended with the run's steps.
    await ctx.beside("visitors", async () => {
      await ctx.hands.look(input.key);
      return { end: async () => ({ last: await ctx.hands.look(input.key) }) };
    });
    await making.apply(input, before, ctx);
  },
});
/** A migration as two steps: the first is done once, and only the second starts what it has made. */
const create = defineStep({
  kind: "create",
  ...making,
  ...takenBack,
  once: true,
  async observe({ key }, { hands }) {
    const now = await hands.look(key);
    return now === null ? { before: { value: now } } : { output: { value: now } };
  },
  async apply({ key }, _before, { hands }) {
    await hands.lock();
    await hands.change(key, "created", { keeps: ["created", "ran"] });
  },
});
const migrate = defineStep({
  kind: "migrate",
  ...making,
  async apply({ key }, _before, { hands }) {
    await hands.lock();
    await hands.change(key, "ran", { needs: key, keeps: ["ran"] });
  },
});

const steps = [make, burn, burnOnce, measure, create, migrate];
export type Kind = "make" | "burn" | "burn-once" | "measure" | "migration";

/** The plan's lines for a thing: one, or the two of a migration. */
export function linesFor(kind: Kind, input: Input): StepCall[] {
  const { key } = input;
  if (kind !== "migration") return [{ id: key, kind, input }];
  const after = { step: `${key}.create`, key };
  return [
    create(after.step, { ...input, value: "created", halves: false }),
    migrate(key, { ...input, value: "ran", after }),
  ];
}

export const inputOf = ({ input }: StepCall): Input => Input.parse(input);
export const isOnce = ({ kind }: StepCall): boolean => kind === "burn-once" || kind === "create";
export const hasUndo = ({ kind }: StepCall): boolean => kind === "make" || kind === "measure" || kind === "create";

/** Whether what a look has found is what the step is to bring about. */
export const shows = (call: StepCall, value: string | null): boolean =>
  call.kind === "create" ? value !== null : value === inputOf(call).value;

/** The engine over this world, as one process has it. */
export const runnerFor = (world: World, process: Process, watch: Watch, locksFirst: boolean) =>
  createRunner<Context>(steps, async (base, call, atEnd) => {
    const { heeds, givesBack } = inputOf(call);
    watch.signal(process, base.signal);
    const hands = handsFor(world, process, watch, { step: call.id, heeded: heeds ? base.signal : undefined });
    if (locksFirst) await hands.lock();
    if (givesBack) atEnd(() => process.reach());
    return { ...base, hands };
  });

function handsFor(
  world: World,
  process: Process,
  watch: Watch,
  { step, heeded }: { step: string; heeded: AbortSignal | undefined },
): Hands {
  let locked = false;
  const assertConnected = () => {
    if (locked && world.holder !== process.id) throw ended(step);
  };
  return {
    look: async (key) => {
      await process.reach(heeded);
      assertConnected();
      if (strikes(world, ["blind"])) throw broken(step);
      const seen = world.things.get(key) ?? null;
      watch.saw(process, step, seen);
      // The answer is on its way back.
      await process.reach(heeded);
      return seen;
    },
    lock: async () => {
      await process.reach(heeded);
      if (world.holder > process.id) throw ended(step);
      world.holder = process.id;
      locked = true;
    },
    change: async (key, to, { over, needs, keeps = [] } = {}) => {
      await process.reach(heeded);
      assertConnected();
      watch.acts(process, step);
      const fault = strikes(world, ["refuse", "late", "lie"]);
      if (fault === "refuse") throw broken(step);
      if (needs !== undefined && !world.things.has(needs)) throw missing(step, needs);
      const acts = fault !== "lie" && !keeps.includes(world.things.get(key) ?? "");
      if (acts && over !== undefined) {
        put(world, key, over);
        await process.reach(heeded);
        assertConnected();
      }
      if (acts) put(world, key, to);
      if (fault === "late") throw broken(step);
      await process.reach(heeded);
    },
  };
}

function put(world: World, key: string, value: string | null): void {
  if (value === "ran") world.starts.set(key, (world.starts.get(key) ?? 0) + 1);
  if (value === null) world.things.delete(key);
  else world.things.set(key, value);
}

/** The next fault, where it is of a kind that can strike here. */
function strikes({ faults }: World, kinds: Fault[]): Fault | undefined {
  const [next] = faults;
  return next !== undefined && kinds.includes(next) ? faults.shift() : undefined;
}

const failing = (code: string, message: string) => (object: string, cause: string) =>
  new BerthError({ code, message, object, cause, next: "Resume the run." });
const broken = (step: string) => failing("broken", "It does not work just now.")(step, "A test wants it so.");
const ended = (step: string) => failing("connection_ended", "The connection was ended.")(step, "Another has the lock.");
const missing = (step: string, key: string) =>
  failing("missing", "What it stands on is not there.")(step, `${key} was removed.`);
