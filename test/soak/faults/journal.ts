import type { RunEvent } from "../../../src/run/event.ts";
import { eventIn, verifyJournal } from "../../../src/run/journal.ts";
import { openStore } from "../../../src/store/open.ts";
import { runStore, runs } from "../../../src/store/runs.ts";
import type { Stage } from "./points.ts";

export type Line = RunEvent & { at: number; seq: number };

export interface Journals {
  /** The ids of all runs, newest first. */
  ids(): string[];
  /** What is journalled of the oldest run behind that line: `at` in ms since 1970. */
  lines(after?: number): Line[];
  /** Another text where something was written since. */
  version(): string;
  intact(): boolean;
  close(): void;
}

/** The journals of a state folder, read as they grow: closer to what happens than the command that follows. */
export function openJournals(home: string): Journals {
  const store = openStore(home);
  const ids = () => runs(store).map(({ id }) => id);
  const rows = (id: string | undefined, after = 0) => (id === undefined ? [] : runStore(store).events(id, after));
  return {
    ids,
    lines: (after) =>
      rows(ids().at(-1), after).map((row) => ({ ...eventIn(row), at: Date.parse(row.at), seq: row.seq })),
    version: () => String(store.version()),
    intact: () => ids().every((id) => verifyJournal(rows(id)).intact),
    close: () => store.close(),
  };
}

/** The steps that were applied, each with the time until the next began or the run ended. */
export function stagesIn(lines: readonly Line[]): Stage[] {
  const marks = lines.filter(({ event }) => event === "started" || event === "ended");
  return marks.flatMap((line, index) => {
    const next = marks[index + 1];
    return line.event === "started" && next ? [{ step: line.step, ms: next.at - line.at }] : [];
  });
}

/** The steps that were begun again after the run had seen them done: none, where nothing is done twice. */
export function begunAgain(lines: readonly Line[]): string[] {
  const seen = new Set<string>();
  return lines.flatMap((line) => {
    if (line.event === "done" || line.event === "observed") seen.add(line.step);
    return line.event === "started" && seen.has(line.step) ? [line.step] : [];
  });
}

/** What failed without a name of its own on the way: whatever is killed, a reader is told what it was. */
export const unnamed = (lines: readonly Line[]): unknown[] =>
  lines.flatMap((line) => ("failure" in line && line.failure?.code === "internal" ? [line] : []));
