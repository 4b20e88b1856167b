import { BerthError } from "../kit/error.ts";
import { applyCalls } from "./apply.ts";
import { type Preview, previewCalls } from "./preview.ts";
import { rollbackCalls } from "./rollback.ts";
import type { AnyStep, RunContext, StepCall } from "./step.ts";
import type { Bound, ContextFor, Outcome, Work } from "./work.ts";

export interface Runner {
  /** Looks, and changes nothing. A step that needs what does not exist yet does not hold. */
  preview(calls: readonly StepCall[], signal: AbortSignal): Promise<Preview[]>;
  /** Starts or resumes: the journal says what we did, the world says what is left. */
  apply(work: Work, calls: readonly StepCall[]): Promise<Outcome>;
  /** Takes back, newest first, what this run changed. */
  rollback(work: Work, calls: readonly StepCall[]): Promise<Outcome>;
}

/** The engine over the steps that a program defines. Throws `step_unreadable` before the first step of a bad plan. */
export function createRunner<Ctx extends RunContext>(
  defined: readonly { step: AnyStep<Ctx> }[],
  contextFor: ContextFor<Ctx>,
): Runner {
  const steps = new Map(defined.map(({ step }) => [step.kind, step]));
  return {
    preview: async (calls, signal) => previewCalls(bindAll(steps, calls), contextFor, signal),
    apply: async (work, calls) => applyCalls(work, bindAll(steps, calls), contextFor),
    rollback: async (work, calls) => rollbackCalls(work, bindAll(steps, calls), contextFor),
  };
}

function bindAll<Ctx>(steps: ReadonlyMap<string, AnyStep<Ctx>>, calls: readonly StepCall[]): Bound<Ctx>[] {
  const ids = new Set<string>();
  return calls.map((call) => {
    const step = steps.get(call.kind);
    if (!step) throw unreadable(call, `This version of Berth has no step of the kind ${call.kind}.`);
    if (ids.has(call.id)) throw unreadable(call, "The plan has two steps of this name.");
    ids.add(call.id);
    const input = step.input.safeParse(call.input);
    if (!input.success) throw unreadable(call, `Its input does not fit: ${input.error.issues[0]?.message ?? ""}`);
    return { call, step, input: input.data };
  });
}

const unreadable = (call: StepCall, cause: string) =>
  new BerthError({
    code: "step_unreadable",
    message: "A step of the plan cannot be read.",
    object: call.id,
    cause,
    next: "Make the plan anew with this version of Berth.",
  });
