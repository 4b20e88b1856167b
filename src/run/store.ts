import type { StepCall } from "./step.ts";

/** One run as it was asked for; what became of it stands in its events. */
export interface RunRecord {
  id: string;
  /** The stack that it changes; null where it changes none. */
  stack: string | null;
  /** The approved operation, as plain data. */
  operation: unknown;
  /** The grant that covers it; null for a plan that changes nothing. */
  grant: string | null;
  /** The parts of the grant that it spends: provision, build, deploy. */
  parts: string[];
  calls: StepCall[];
  /** The version of Berth that made it. */
  version: string;
  /** ISO time. */
  created: string;
}

/** A journal line as it is kept: `body` is the event's canonical JSON, `hash` covers all of it and the line before. */
export interface EventRow {
  run: string;
  /** From 1, without gaps. */
  seq: number;
  at: string;
  body: string;
  prev: string;
  hash: string;
}

/** Who may write a run's journal. The row stays when it is given back, so that `fence` only ever grows. */
export interface LeaseRow {
  run: string;
  /** Random, one for each taking. */
  owner: string;
  pid: number;
  /** The owner's start in clock ticks since boot; null where the machine does not say. */
  started: string | null;
  boot: string | null;
  fence: number;
  /** Seconds since boot; 0 when it was given back. */
  expires: number;
}

/** What runs need of a store. Every method is one short transaction of its own, or part of the caller's. */
export interface RunStore {
  /** Runs `body` as one transaction: all of it or nothing. */
  write<T>(body: () => T): T;
  addRun(run: RunRecord): void;
  run(id: string): RunRecord | undefined;
  /** Events with a seq above `after`, in order. */
  events(run: string, after: number): EventRow[];
  lastEvent(run: string): EventRow | undefined;
  addEvent(row: EventRow): void;
  lease(run: string): LeaseRow | undefined;
  putLease(row: LeaseRow): void;
  /** A cancel stops the taking with this number, and no later one: a resumed run is not cancelled again. */
  addCancel(run: string, fence: number, at: string): void;
  cancelled(run: string, fence: number): boolean;
  /** A text that changes whenever anything in the store may have changed. */
  version(): string;
}
