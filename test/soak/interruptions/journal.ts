import { until } from "../../../src/kit/wait.ts";
import type { RunEvent } from "../../../src/run/event.ts";
import { eventIn, verifyJournal } from "../../../src/run/journal.ts";
import { openStore } from "../../../src/store/open.ts";
import { runStore, runs } from "../../../src/store/runs.ts";

/** The journal of the newest run in a state folder, read as it grows: closer to what happens than the command that follows. */
export interface Journal {
  run(): string;
  events(): RunEvent[];
  intact(): boolean;
  /** Waits until the step was begun for the nth time; `over`: the command has ended, and it will not be. */
  begun(step: string, nth: number, over: () => boolean): Promise<void>;
  /** How often something of that kind was journalled. */
  count(event: RunEvent["event"]): number;
  close(): void;
}

export function openJournal(home: string): Journal {
  const store = openStore(home);
  const newest = () => runs(store)[0]?.id ?? "";
  const events = () => (newest() === "" ? [] : runStore(store).events(newest(), 0).map(eventIn));
  const times = (step: string) => events().filter((line) => line.event === "started" && line.step === step).length;
  return {
    run: newest,
    events,
    intact: () => verifyJournal(runStore(store).events(newest(), 0)).intact,
    async begun(step, nth, over) {
      const look = async () => (times(step) >= nth ? true : over() ? false : undefined);
      if (!(await until(look, { timeoutMs: 900_000, everyMs: 10 })))
        throw new Error(`${step} was not begun for the ${nth}. time: ${kinds(events())}`);
    },
    count: (event) => events().filter((line) => line.event === event).length,
    close: () => store.close(),
  };
}

const kinds = (events: readonly RunEvent[]) =>
  events
    .map((line) => JSON.stringify(line).slice(0, 300))
    .slice(-8)
    .join("\n");
