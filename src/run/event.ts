import { z } from "zod";

/** A step's log file: its name in the run's folder, what it holds, and how many bytes were left out of its middle. */
const LogSeal = z.object({ file: z.string(), bytes: z.number(), sha256: z.string(), omitted: z.number() });
export type LogSeal = z.infer<typeof LogSeal>;

const Failure = z.object({
  code: z.string(),
  message: z.string(),
  object: z.string(),
  cause: z.string(),
  next: z.string(),
});

const Action = z.enum(["apply", "rollback"]);
export type Action = z.infer<typeof Action>;

/** How a worker left a run. `interrupted`: it was asked to go away (a shutdown); the run can be resumed. */
const End = z.enum(["done", "failed", "cancelled", "interrupted", "rolled_back"]);
export type End = z.infer<typeof End>;

const step = z.string();
const title = z.string();
/** A known secret stood in the data and was masked: what is journalled is for reading, not for undoing. */
const masked = z.literal(true).optional();

/** What a run's journal holds: all that was decided and done, in the order in which it happened. */
export const RunEvent = z.discriminatedUnion("event", [
  z.object({ event: z.literal("opened"), version: z.string(), operation: z.string(), calls: z.string() }),
  /** A worker was started for a run that had ended or been left; none has taken it yet. */
  z.object({ event: z.literal("called") }),
  z.object({ event: z.literal("taken"), action: Action, version: z.string(), pid: z.number(), fence: z.number() }),
  z.object({ event: z.literal("observed"), step, title, output: z.unknown(), masked }),
  z.object({ event: z.literal("started"), step, title, before: z.unknown(), masked }),
  z.object({ event: z.literal("done"), step, output: z.unknown(), masked, log: LogSeal.optional() }),
  z.object({ event: z.literal("failed"), step, failure: Failure, log: LogSeal.optional() }),
  z.object({ event: z.literal(["cancelled", "interrupted"]), step, log: LogSeal.optional() }),
  z.object({ event: z.literal("undoing"), step, title }),
  z.object({ event: z.literal("undone"), step, log: LogSeal.optional() }),
  z.object({ event: z.literal("left"), step, why: z.string() }),
  /**
   * Another run holds what this one needs; or the way to the world was lost: the worker asks for it again, and takes the run
   * anew when it is back.
   */
  z.object({ event: z.literal("waiting"), failure: Failure }),
  /** What was measured beside the steps of this taking. */
  z.object({ event: z.literal("measured"), what: z.string(), figures: z.unknown(), masked }),
  z.object({ event: z.literal("ended"), state: End, failure: Failure.optional() }),
]);
export type RunEvent = z.infer<typeof RunEvent>;

/** What the journal says that this run did to one step. The world is asked separately. */
export interface Progress {
  /** What stood there before this run first touched it. */
  before: unknown;
  beforeMasked: boolean;
  /** It was shown as done since it was last begun; the world may have changed since. */
  done: boolean;
}

/** The steps that this run changed and has not taken back. */
export function changedBy(events: readonly RunEvent[]): Map<string, Progress> {
  const changed = new Map<string, Progress>();
  for (const event of events) {
    if (event.event === "started") {
      const first = changed.get(event.step) ?? { before: event.before, beforeMasked: event.masked === true };
      changed.set(event.step, { ...first, done: false });
    }
    const begun = event.event === "done" ? changed.get(event.step) : undefined;
    if (begun) begun.done = true;
    if (event.event === "undone") changed.delete(event.step);
  }
  return changed;
}

/** Whether this run has ever seen a step done, whoever did it: later steps may have gone on from there. */
export const wasSeen = (events: readonly RunEvent[], step: string): boolean =>
  events.some((event) => (event.event === "done" || event.event === "observed") && event.step === step);

/** The last output that each step was seen with, for undoing; one that held a secret is not there. */
export function outputsIn(events: readonly RunEvent[]): Map<string, unknown> {
  const outputs = new Map<string, unknown>();
  for (const event of events)
    if ((event.event === "done" || event.event === "observed") && !event.masked) outputs.set(event.step, event.output);
  return outputs;
}
