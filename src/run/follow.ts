import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunEvent } from "./event.ts";
import { eventsIn, readEvent } from "./journal.ts";
import { mayWake, ttl } from "./lease.ts";
import { partsOfLog } from "./log.ts";
import type { Machine } from "./machine.ts";
import { type RunState, runOf, stateOf } from "./runs.ts";
import type { RunStore } from "./store.ts";

const everyMs = 200;

export interface Following {
  machine: Machine;
  /** Folder of this run's log files. */
  logs: string;
  /** Reads on from this event: what came before, events and log text, is not given again. 0: everything. */
  after?: number;
  signal?: AbortSignal | undefined;
  onEvent(event: RunEvent, line: { seq: number; at: string }): void;
  onLog?(step: string, text: string): void;
}

/**
 * Reads along until nobody works on the run any more, or `signal` is aborted. Answers the state that it has then, and
 * the last event given. A worker that is gone without an end shows as `interrupted`.
 */
export async function follow(
  store: RunStore,
  id: string,
  following: Following,
): Promise<{ state: RunState; seq: number }> {
  const { machine, logs, after = 0, signal, onEvent, onLog } = following;
  const run = runOf(store, id).id;
  const readLogs = onLog && tail(logs, seenFence(store, run, after), onLog);
  let seq = after;
  let version: string | undefined;
  // Where the whole machine slept, reader and worker wake together: the lease has run out, and is renewed in a moment.
  let asleepSince: number | undefined;
  for (;;) {
    // Asked before the events are read, so that an end which is seen has its events read too.
    const state = stateOf(store, run, machine);
    const asleep = state === "interrupted" && mayWake(store.lease(run), machine);
    asleepSince = asleep ? (asleepSince ?? performance.now()) : undefined;
    const now = store.version();
    if (now !== version)
      for (const row of store.events(run, seq)) {
        readLogs?.();
        const event = readEvent(row);
        if (event) onEvent(event, row);
        seq = row.seq;
      }
    version = now;
    readLogs?.();
    const goesOn = state === "running" || state === "pending";
    const mayGoOn = asleepSince !== undefined && performance.now() - asleepSince < ttl * 1000;
    if ((!goesOn && !mayGoOn) || signal?.aborted) return { state, seq };
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

interface Tail {
  at: number;
  decoder: StringDecoder;
}

/** The newest taking of the run among the events that the reader has had: the logs up to it were given too. */
function seenFence(store: RunStore, run: string, after: number): number {
  const seen = store.events(run, 0).filter(({ seq }) => seq <= after);
  const taken = eventsIn(seen).findLast((event) => event.event === "taken");
  return taken?.fence ?? 0;
}

/** Each call gives what was added to the folder's logs since the last; the first skips what was given already. */
function tail(folder: string, seen: number, onText: (step: string, text: string) => void) {
  const tails = new Map<string, Tail>();
  let first = true;
  return () => {
    for (const name of logsIn(folder)) {
      const known = tails.get(name) ?? { at: 0, decoder: new StringDecoder("utf8") };
      tails.set(name, known);
      const { step, fence } = partsOfLog(name);
      const text = addedTo(join(folder, name), known, first && fence <= seen);
      if (text !== "") onText(step, text);
    }
    first = false;
  };
}

function addedTo(path: string, known: Tail, skip: boolean): string {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    // Shorter than what was read: its middle was left out meanwhile. Go on with what comes from now on.
    if (skip || size < known.at) known.at = size;
    const bytes = Buffer.alloc(size - known.at);
    known.at += readSync(file, bytes, 0, bytes.length, known.at);
    return known.decoder.write(bytes);
  } finally {
    closeSync(file);
  }
}

function logsIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".log"))
      .sort();
  } catch {
    return [];
  }
}
