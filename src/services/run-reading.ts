import { follow } from "../run/follow.ts";
import { eventIn } from "../run/journal.ts";
import { runOf } from "../run/runs.ts";
import { runStore } from "../store/runs.ts";
import type { Berth } from "./berth.ts";
import { logFolder } from "./run-folder.ts";
import { stepsSeen } from "./run-steps.ts";

export interface Waiting {
  ms: number;
  signal: AbortSignal;
  /** A step was begun or is done: its title, and how many of the run's steps are done by now. */
  onStep(title: string, done: number): void;
}

/** Waits until nobody works on the run any more, `ms` are over or `signal` is aborted. Throws `no_such_run`. */
export async function waitForRun({ store, machine, config }: Berth, id: string, waiting: Waiting): Promise<void> {
  const runs = runStore(store);
  const run = runOf(runs, id);
  const rows = runs.events(run.id, 0);
  const seen = stepsSeen(run.calls);
  for (const row of rows) seen.add(eventIn(row), row.at);
  await follow(runs, run.id, {
    machine,
    logs: logFolder(config.home, run.id),
    after: rows.at(-1)?.seq ?? 0,
    signal: AbortSignal.any([waiting.signal, AbortSignal.timeout(waiting.ms)]),
    onEvent: (event, { at }) => {
      seen.add(event, at);
      if (event.event === "started" || event.event === "observed" || event.event === "done")
        waiting.onStep(seen.titleOf(event.step), seen.done());
    },
  });
}
