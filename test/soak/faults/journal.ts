import type { RunEvent } from "../../../src/run/event.ts";
import { eventIn, verifyJournal } from "../../../src/run/journal.ts";
import { openStore } from "../../../src/store/open.ts";
import { runStore, runs } from "../../../src/store/runs.ts";
import type { Stage } from "./points.ts";

export type Line = RunEvent & { at: number };

export interface Journals {
  /** The ids of all runs, newest first. */
  ids(): string[];
  /** What is journalled of all runs: `at` in ms since 1970. */
  lines(): Line[];
  intact(): boolean;
  close(): void;
}

/** The journals of a state folder, read as they grow: closer to what happens than the command that follows. */
export function openJournals(home: string): Journals {
  const store = openStore(home);
  const ids = () => runs(store).map(({ id }) => id);
  const rows = () => ids().map((id) => runStore(store).events(id, 0));
  return {
    ids,
    lines: () => rows().flatMap((of) => of.map((row) => ({ ...eventIn(row), at: Date.parse(row.at) }))),
    intact: () => rows().every((of) => verifyJournal(of).intact),
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
