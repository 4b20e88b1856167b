import type { z } from "zod";

/** What an act does to the world; checkpoints, grants and MCP annotations derive from it. */
export type Effect = "read" | "change" | "spend" | "destroy";

/** What the runner gives every step, whatever else its context holds. */
export interface RunContext {
  readonly run: string;
  readonly signal: AbortSignal;
  /** Output of a long act, for people who read along; goes to the step's log file, scrubbed. */
  log(text: string): void;
  /** The output of an earlier step of this run. Throws where that step has not been observed as done. */
  outputOf(stepId: string): unknown;
  /**
   * What goes on beside this step and those after it, once a run and name: begun by the first that asks, where `begin`
   * finds something to do, and ended when the steps have ended, however they did. What it answers then is journalled.
   */
  beside<T extends Beside>(what: string, begin: () => Promise<T | undefined>): Promise<T | undefined>;
}

/** A measurement, under way until it is ended. */
export interface Beside {
  /** Answers plain data. */
  end(): Promise<unknown>;
}

/** All that the engine needs to preview, apply, resume and undo one kind of change. */
export interface Step<Ctx, In, Before, Out> {
  kind: string;
  effect: Effect;
  input: z.ZodType<In>;
  before: z.ZodType<Before>;
  output: z.ZodType<Out>;
  title(input: In): string;
  /** Looks at the world, never at the journal: its output if it already holds, else what apply would replace. */
  observe(input: In, ctx: Ctx): Promise<{ output: Out } | { before: Before }>;
  /** Makes it so. It is done when observe, called again, says that it holds. */
  apply(input: In, before: Before, ctx: Ctx): Promise<void>;
  /** Left out where the change cannot be taken back; the plan then says so. */
  undo?(input: In, before: Before, ctx: Ctx): Promise<void>;
  /**
   * Set where doing it twice would harm (a migration's container). What this run has seen done, by itself or by others,
   * and the world no longer shows then fails with `vanished`, for a person to decide, instead of being done again.
   */
  once?: true;
}

/** One line of a plan: plain data, safe to store, hash and show. */
export interface StepCall {
  id: string;
  kind: string;
  input: unknown;
}

export type AnyStep<Ctx> = Step<Ctx, unknown, unknown, unknown>;

/** A defined step is a function that makes its own plan line: `startService("web", { … })`. */
export type DefinedStep<Ctx, In> = ((id: string, input: In) => StepCall) & { step: AnyStep<Ctx> };

/** `const defineStep = stepsFor<Context>()` fixes the context once for all steps of a folder. */
export const stepsFor =
  <Ctx extends RunContext>() =>
  <In, Before, Out>(step: Step<Ctx, In, Before, Out>): DefinedStep<Ctx, In> =>
    // The engine parses input, before and output with the step's own schemas before it calls it, so the types hold.
    Object.assign((id: string, input: In): StepCall => ({ id, kind: step.kind, input }), {
      step: step as unknown as AnyStep<Ctx>,
    });
