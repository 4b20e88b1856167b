import { BerthError, failureOf } from "../kit/error.ts";
import type { LogSeal } from "./event.ts";
import { maskFailure } from "./mask.ts";
import type { Outcome, Work } from "./work.ts";

/** The reasons with which a run's signal is aborted. */
export const cancelled = (run: string) =>
  new BerthError({
    code: "cancelled",
    message: "The run was cancelled.",
    object: run,
    cause: "Somebody asked for it.",
    next: `Go on: berth resume ${run}`,
  });

export const interrupted = (run: string) =>
  new BerthError({
    code: "interrupted",
    message: "The run was interrupted.",
    object: run,
    cause: "Its worker was told to end, as at a shutdown.",
    next: `Go on: berth resume ${run}`,
  });

export const leaseLost = (run: string) =>
  new BerthError({
    code: "lease_lost",
    message: "Another worker has taken over this run.",
    object: run,
    cause: "This worker slept or was stopped for longer than its lease lasts.",
    next: `Follow the run: berth runs ${run}`,
  });

/** The same for whoever works on it; but nobody else need have it. */
export const leaseRanOut = (run: string, error: unknown) =>
  new BerthError({
    code: "lease_lost",
    message: "This worker could not keep its hold on the run.",
    object: run,
    cause: `The state folder could not be written for longer than a lease lasts: ${error instanceof BerthError ? error.cause : (error as Error).message}`,
    next: `Once it can be written: berth resume ${run}`,
  });

/**
 * Records why a step ended early. Who lost the lease records nothing (the run is another's now): the error is thrown on.
 */
export function stopped(work: Work, step: string, error: unknown, log: LogSeal | undefined): Outcome {
  const failure = maskFailure(work.scrub, failureOf(error));
  const reason = work.signal.aborted ? failureOf(work.signal.reason).code : undefined;
  if (reason === "lease_lost") throw work.signal.reason;
  if (failure.code === "lease_lost") throw error;
  if (reason === undefined) {
    work.journal.append({ event: "failed", step, failure, log });
    return { state: "failed", step, failure };
  }
  const state = reason === "interrupted" ? "interrupted" : "cancelled";
  work.journal.append({ event: state, step, log });
  return { state };
}
