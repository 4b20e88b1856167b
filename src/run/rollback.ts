import { canonicalJson } from "../kit/canonical.ts";
import { BerthError } from "../kit/error.ts";
import { nothingBeside } from "./beside.ts";
import { changedBy, outputsIn, type Progress } from "./event.ts";
import { stopped } from "./stop.ts";
import { type Bound, type ContextFor, inContext, type Outcome, outputFrom, type Work } from "./work.ts";

/**
 * Takes back, last step first, what this run changed and nothing else. What has no way back is named and left; an undo
 * that fails ends it, since earlier steps may be what later ones stand on.
 */
export async function rollbackCalls<Ctx>(
  work: Work,
  bound: readonly Bound<Ctx>[],
  contextFor: ContextFor<Ctx>,
): Promise<Outcome> {
  const changed = changedBy(work.journal.events());
  const outputOf = outputFrom(outputsIn(work.journal.events()));
  const left: string[] = [];
  for (const line of bound.toReversed()) {
    const { id } = line.call;
    const progress = changed.get(id);
    if (!progress) continue;
    const log = work.openLog(`${id}.undo`);
    try {
      work.signal.throwIfAborted();
      const base = { run: work.run, signal: work.signal, log: log.write, outputOf, beside: nothingBeside };
      const why = await inContext(base, line.call, contextFor, (ctx) => takeBack(work, line, progress, ctx));
      if (why === undefined) work.journal.append({ event: "undone", step: id, log: log.close() });
      else {
        work.journal.append({ event: "left", step: id, why });
        left.push(id);
      }
    } catch (error) {
      return stopped(work, id, error, log.close());
    }
  }
  return { state: "rolled_back", left };
}

/** Undefined when the world no longer shows the change, else why it stays. */
async function takeBack<Ctx>(
  work: Work,
  { call, step, input }: Bound<Ctx>,
  progress: Progress,
  ctx: Ctx,
): Promise<string | undefined> {
  const seen = await step.observe(input, ctx);
  if ("before" in seen && !progress.beforeMasked && same(seen.before, progress.before)) return undefined;
  if (!step.undo) return "This kind of change cannot be taken back.";
  if (progress.beforeMasked) return "What stood there before held a secret, so it was not kept.";
  work.signal.throwIfAborted();
  work.journal.append({ event: "undoing", step: call.id, title: step.title(input) });
  await step.undo(input, step.before.parse(progress.before), ctx);
  const after = await step.observe(input, ctx);
  if ("output" in after) throw notUndone(call.id, step.title(input));
  return undefined;
}

/** As the journal sees it: a key that is undefined is no key. */
const same = (a: unknown, b: unknown) => canonicalJson({ a }) === canonicalJson({ a: b });

const notUndone = (step: string, title: string) =>
  new BerthError({
    code: "not_undone",
    message: `This step was taken back without an error, but the world still shows it: ${title}`,
    object: step,
    cause: "Something else makes it anew, or the command did not do what it reported.",
    next: "Look at the step's log, then roll back again.",
  });
