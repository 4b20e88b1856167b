import { eventIn } from "../../src/run/journal.ts";
import type { StepCall } from "../../src/run/step.ts";
import type { EventRow } from "../../src/run/store.ts";
import type { Process } from "./computer.ts";
import { isOnce, shows, type Watch } from "./world.ts";

/** Sees what the processes see, do and write, and notes each line and act that is not true or not allowed. */
export interface Witness extends Watch {
  readonly wrongs: string[];
  /** Which process wrote a line. */
  readonly writers: Map<number, number>;
  writes(process: Process, row: EventRow): void;
}

export function openWitness(calls: readonly StepCall[], journal: () => EventRow[]): Witness {
  const wrongs: string[] = [];
  const writers = new Map<number, number>();
  /** What each process saw of a step's thing since it last acted on it. */
  const seen = new Map<string, string | null>();
  const last = new Map<Process, string>();
  const signals = new Map<Process, AbortSignal>();
  /** Who has taken the run last. */
  let holder: Process | undefined;
  const callOf = (step: string) => calls.find(({ id }) => id === step) as StepCall;
  const key = (process: Process, step: string) => `${process.id} ${step}`;

  return {
    wrongs,
    writers,
    saw: (process, step, value) => void seen.set(key(process, step), value),
    signal: (process, signal) => void signals.set(process, signal),
    acts: (process, step) => {
      seen.delete(key(process, step));
      const kind = last.get(process);
      if (kind !== `started ${step}` && kind !== `undoing ${step}`) wrongs.push(`acts for ${step} after ${kind}`);
      // What one still does who was overtaken meanwhile is for the world's lock to end; the engine does not know of it.
      const has = process === holder && kind === `started ${step}`;
      if (has && isOnce(callOf(step)) && wasShown(journal(), step)) wrongs.push(`${step} is done a second time`);
    },
    writes: (process, row) => {
      writers.set(row.seq, process.id);
      const line = eventIn(row);
      const step = "step" in line ? line.step : "";
      if (line.event === "taken") holder = process;
      last.set(process, `${line.event} ${step}`);
      const begins = line.event === "started" || line.event === "undoing";
      if (begins && signals.get(process)?.aborted) wrongs.push(`${step} is begun by a worker that knows of its stop`);
      const value = seen.get(key(process, step));
      const shown = value !== undefined && shows(callOf(step), value);
      if ((line.event === "done" || line.event === "observed") && !shown)
        wrongs.push(`${step} is ${line.event}, and was seen as ${value}`);
      if (line.event === "undone" && (value === undefined || shown)) wrongs.push(`${step} is undone, and it stands`);
    },
  };
}

/** Whether a journal has ever said of a step that the world shows it, and has not taken it back since. */
export function wasShown(rows: readonly EventRow[], step: string): boolean {
  let shown = false;
  for (const line of rows.map(eventIn)) {
    if (!("step" in line) || line.step !== step) continue;
    if (line.event === "done" || line.event === "observed") shown = true;
    if (line.event === "undone") shown = false;
  }
  return shown;
}
