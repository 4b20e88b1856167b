import { BerthError } from "../kit/error.ts";
import { nothingBeside } from "./beside.ts";
import type { Effect } from "./step.ts";
import { type Bound, type ContextFor, inContext, outputFrom } from "./work.ts";

/** One step as it stands before anything is done. */
export interface Preview {
  id: string;
  title: string;
  effect: Effect;
  /** The world already shows it: applying would do nothing. */
  holds: boolean;
  reversible: boolean;
}

/** Observes in the plan's order, since a step may need what an earlier one was seen to have made. */
export async function previewCalls<Ctx>(
  bound: readonly Bound<Ctx>[],
  contextFor: ContextFor<Ctx>,
  signal: AbortSignal,
): Promise<Preview[]> {
  const outputs = new Map<string, unknown>();
  const base = { run: "preview", signal, log: () => undefined, outputOf: outputFrom(outputs), beside: nothingBeside };
  const previews: Preview[] = [];
  for (const { call, step, input } of bound) {
    signal.throwIfAborted();
    const observe = inContext(base, call, contextFor, (ctx) => step.observe(input, ctx));
    const seen = await observe.catch(notYet);
    if ("output" in seen) outputs.set(call.id, seen.output);
    const { effect, undo } = step;
    const line = { id: call.id, title: step.title(input), effect };
    previews.push({ ...line, holds: "output" in seen, reversible: undo !== undefined });
  }
  return previews;
}

/** What stands on something that does not exist yet does not exist either. */
function notYet(error: unknown): { before: undefined } {
  if (error instanceof BerthError && error.code === "output_unknown") return { before: undefined };
  throw error;
}
