import { canonicalJson, sha256 } from "../kit/canonical.ts";
import { BerthError } from "../kit/error.ts";
import { RunEvent } from "./event.ts";
import { leaseLost } from "./stop.ts";
import type { EventRow, RunStore } from "./store.ts";

export interface Journal {
  /** Throws `lease_lost` where another worker has the run by now, and writes nothing. */
  append(event: RunEvent): void;
  events(): RunEvent[];
}

/** The journal of one run, for whoever holds the lease with this number (0: the run was never taken). */
export function openJournal(store: RunStore, run: string, fence: number, now: () => Date): Journal {
  return {
    events: () => store.events(run, 0).map(eventIn),
    append: (event) =>
      store.write(() => {
        if ((store.lease(run)?.fence ?? 0) !== fence) throw leaseLost(run);
        store.addEvent(nextRow(run, store.lastEvent(run), event, now().toISOString()));
      }),
  };
}

/** Throws `journal_edited` where the line holds no event. */
export function eventIn(row: EventRow): RunEvent {
  const event = readEvent(row);
  if (event) return event;
  throw journalEdited(row.run, row.seq);
}

/** The events of the lines that hold one: for who shows a journal, whatever was done to it. */
export const eventsIn = (rows: readonly EventRow[]): RunEvent[] => rows.flatMap((row) => readEvent(row) ?? []);

export function readEvent({ body }: EventRow): RunEvent | undefined {
  try {
    return RunEvent.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

/** The hash of "no line before". */
const origin = "0".repeat(64);

const hashOfRow = ({ run, seq, at, body, prev }: Omit<EventRow, "hash">) =>
  sha256(canonicalJson({ run, seq, at, body, prev }));

function nextRow(run: string, last: EventRow | undefined, event: RunEvent, at: string): EventRow {
  const row = { run, seq: (last?.seq ?? 0) + 1, at, body: canonicalJson(event), prev: last?.hash ?? origin };
  return { ...row, hash: hashOfRow(row) };
}

/**
 * Whether the lines are as they were written: each holds the hash of the one before. Names the first that is not: a line
 * that was changed, has come, or is missing. Lines cut off at the end do not show, nor does a journal that was forged whole: there is no secret in it.
 */
export function verifyJournal(rows: readonly EventRow[]): { intact: true } | { intact: false; seq: number } {
  let prev = origin;
  for (const [index, row] of rows.entries()) {
    const seq = index + 1;
    const fits = row.hash === hashOfRow(row);
    // Itself as it was, or put behind the line that now stands two before it: then it is the line between that is not.
    const wasBefore = index > 0 && row.prev !== prev && (fits || row.prev === (rows[index - 2]?.hash ?? origin));
    if (row.seq === seq && wasBefore) return { intact: false, seq: seq - 1 };
    if (row.seq !== seq || row.prev !== prev || !fits) return { intact: false, seq };
    prev = row.hash;
  }
  return { intact: true };
}

/** Throws `journal_edited`. */
export function assertIntact(run: string, rows: readonly EventRow[]): void {
  const journal = verifyJournal(rows);
  if (!journal.intact) throw journalEdited(run, journal.seq);
}

const journalEdited = (run: string, seq: number) =>
  new BerthError({
    code: "journal_edited",
    message: `Line ${seq} of this run's journal is not as it was written, so the run does not go on.`,
    object: run,
    cause:
      "Something other than Berth has changed, added or removed lines: what this run has done is not known for sure.",
    next: `Read it: berth runs ${run}   Then berth up looks at the server anew and asks again; its run has a journal of its own.`,
  });
