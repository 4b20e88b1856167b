import { BerthError } from "../kit/error.ts";
import { openBeside } from "./beside.ts";
import { changedBy, wasSeen } from "./event.ts";
import { maskData } from "./mask.ts";
import type { RunContext } from "./step.ts";
import { stopped } from "./stop.ts";
import { type Bound, type ContextFor, inContext, type Outcome, outputFrom, type Work } from "./work.ts";

/** Brings the world to the plan, one step after the other; the first that fails ends it. */
export async function applyCalls<Ctx>(
  work: Work,
  bound: readonly Bound<Ctx>[],
  contextFor: ContextFor<Ctx>,
): Promise<Outcome> {
  const measuring = openBeside(work);
  try {
    return await bringAll(work, bound, contextFor, measuring.beside);
  } finally {
    await measuring.end();
  }
}

async function bringAll<Ctx>(
  work: Work,
  bound: readonly Bound<Ctx>[],
  contextFor: ContextFor<Ctx>,
  beside: RunContext["beside"],
): Promise<Outcome> {
  const outputs = new Map<string, unknown>();
  for (const line of bound) {
    const { id } = line.call;
    const log = work.openLog(id);
    try {
      work.signal.throwIfAborted();
      const base = { run: work.run, signal: work.signal, log: log.write, outputOf: outputFrom(outputs), beside };
      const { output, ours } = await inContext(base, line.call, contextFor, (ctx) => bring(work, line, ctx));
      outputs.set(id, output);
      const { data, ...masked } = maskData(work.scrub, output);
      const seal = log.close();
      if (ours) work.journal.append({ event: "done", step: id, output: data, ...masked, log: seal });
      else work.journal.append({ event: "observed", step: id, title: titleOf(line), output: data, ...masked });
    } catch (error) {
      return stopped(work, id, error, log.close());
    }
  }
  return { state: "done" };
}

/** Observe; if it does not hold, do it and observe again. `ours`: this run has made it so and not yet said so. */
async function bring<Ctx>(work: Work, line: Bound<Ctx>, ctx: Ctx): Promise<{ output: unknown; ours: boolean }> {
  const { call, step, input } = line;
  const past = work.journal.events();
  const progress = changedBy(past).get(call.id);
  const seen = await step.observe(input, ctx);
  if ("output" in seen) return { output: step.output.parse(seen.output), ours: progress?.done === false };
  if (step.once && wasSeen(past, call.id)) throw vanished(line);
  // Stopped while it looked: nothing more is begun.
  work.signal.throwIfAborted();
  const before = step.before.parse(seen.before);
  const { data, ...masked } = maskData(work.scrub, before);
  work.journal.append({ event: "started", step: call.id, title: titleOf(line), before: data, ...masked });
  await step.apply(input, before, ctx);
  const after = await step.observe(input, ctx);
  if (!("output" in after)) throw notObserved(line);
  return { output: step.output.parse(after.output), ours: true };
}

const titleOf = <Ctx>({ step, input }: Bound<Ctx>) => step.title(input);

const notObserved = <Ctx>(line: Bound<Ctx>) =>
  new BerthError({
    code: "not_observed",
    message: `This step ended without an error, but the world does not show it: ${titleOf(line)}`,
    object: line.call.id,
    cause: "Something else has changed it at the same time, or the command did not do what it reported.",
    next: "Look at the step's log, then resume the run.",
  });

const vanished = <Ctx>(line: Bound<Ctx>) =>
  new BerthError({
    code: "vanished",
    message: `This run has seen this step done, and what it made is gone: ${titleOf(line)}`,
    object: line.call.id,
    cause: "Somebody has removed it. Doing it twice could do harm, so it is not done again.",
    next: "If it is to be done again, make a new run: berth up",
  });
