import { canonicalJson, sha256 } from "../kit/canonical.ts";
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

export const eventIn = (row: EventRow): RunEvent => RunEvent.parse(JSON.parse(row.body));

/** The hash of "no line before". */
const origin = "0".repeat(64);

const hashOfRow = ({ run, seq, at, body, prev }: Omit<EventRow, "hash">) =>
  sha256(canonicalJson({ run, seq, at, body, prev }));

function nextRow(run: string, last: EventRow | undefined, event: RunEvent, at: string): EventRow {
  const row = { run, seq: (last?.seq ?? 0) + 1, at, body: canonicalJson(event), prev: last?.hash ?? origin };
  return { ...row, hash: hashOfRow(row) };
}

/**
 * Whether the lines are as they were written: each holds the hash of the one before. Names the first that is not.
 * Lines cut off at the end do not show, nor does a journal that was forged whole: there is no secret in it.
 */
export function verifyJournal(rows: readonly EventRow[]): { intact: true } | { intact: false; seq: number } {
  let prev = origin;
  for (const [index, row] of rows.entries()) {
    const seq = index + 1;
    if (row.seq !== seq || row.prev !== prev || row.hash !== hashOfRow(row)) return { intact: false, seq };
    prev = row.hash;
  }
  return { intact: true };
}
