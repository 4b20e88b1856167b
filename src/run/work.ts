import { BerthError, type Failure, failureOf } from "../kit/error.ts";
import type { Journal } from "./journal.ts";
import type { StepLog } from "./log.ts";
import type { AnyStep, RunContext, StepCall } from "./step.ts";

/** What one taking of a run works with. */
export interface Work {
  run: string;
  journal: Journal;
  /** Aborted with one of the errors of stop.ts: they tell a cancel from a shutdown and from a lost lease. */
  signal: AbortSignal;
  openLog(step: string): StepLog;
  /** Masks known secrets in a text that goes into the journal. */
  scrub(text: string): string;
}

/** How the work ended. `step` is null where none was begun; `left` names the steps that could not be taken back. */
export type Outcome =
  | { state: "done" }
  | Failed
  | { state: "cancelled" | "interrupted" }
  | { state: "rolled_back"; left: string[] };

export type Failed = { state: "failed"; step: string | null; failure: Failure };

/** A line of a plan with the step that it names and its parsed input. */
export interface Bound<Ctx> {
  call: StepCall;
  step: AnyStep<Ctx>;
  input: unknown;
}

/**
 * Adds to the engine's own context what the steps of a program need. Called anew for each step; what it hands to
 * `atEnd` is done when that step has ended, however it ended.
 */
export type ContextFor<Ctx> = (
  base: RunContext,
  call: StepCall,
  atEnd: (act: () => Promise<void>) => void,
) => Ctx | Promise<Ctx>;

/** Runs `body` in a step's context, and then, newest first, what was left for its end. */
export async function inContext<Ctx, T>(
  base: RunContext,
  call: StepCall,
  contextFor: ContextFor<Ctx>,
  body: (ctx: Ctx) => Promise<T>,
): Promise<T> {
  const atEnd: (() => Promise<void>)[] = [];
  try {
    return await body(await contextFor(base, call, (act) => void atEnd.push(act)));
  } finally {
    // A lock that cannot be given back runs out by itself: no reason to call the step failed, but one to say so.
    for (const act of atEnd.reverse())
      await act().catch((error: unknown) => base.log(`\n${failureOf(error).message}\n`));
  }
}

/** Reads the outputs known so far; throws `output_unknown` for a step that has none. */
export const outputFrom = (outputs: ReadonlyMap<string, unknown>) => (id: string) => {
  if (!outputs.has(id))
    throw new BerthError({
      code: "output_unknown",
      message: "A step needs the output of another that was not seen as done.",
      object: id,
      cause: "The other step stands later in the plan, or what it makes does not exist yet.",
      next: "Make the plan anew.",
    });
  return outputs.get(id);
};
