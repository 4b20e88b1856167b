import type { RunEvent } from "../run/event.ts";
import type { StepCall } from "../run/step.ts";
import type { RunStep } from "./surface.ts";

/** What a journal says about each step of a run, event by event, in the order in which they happened. */
export interface StepsSeen {
  /** `at`: ISO time. */
  add(event: RunEvent, at: string): void;
  titleOf(step: string): string;
  /** How many hold, be it by this run or by themselves. */
  done(): number;
  /** `goesOn`: somebody works on the run; else what was begun and not ended is broken off. `now`: ms since 1970. */
  list(goesOn: boolean, now: number): RunStep[];
}

interface Seen {
  state: RunStep["state"];
  title: string | undefined;
  /** ms since 1970. */
  begun: number | undefined;
  ended: number | undefined;
}

const fresh: Seen = { state: "waiting", title: undefined, begun: undefined, ended: undefined };

/** A step that has not been looked at has its id for a title: its words come with its first event. */
export function stepsSeen(calls: readonly StepCall[]): StepsSeen {
  const steps = new Map(calls.map(({ id }) => [id, { ...fresh }]));

  function add(event: RunEvent, at: string): void {
    if (event.event === "taken" || event.event === "waiting")
      for (const step of steps.values()) Object.assign(step, takenAgain(step));
    const step = "step" in event ? steps.get(event.step) : undefined;
    if (step) Object.assign(step, after(step, event, Date.parse(at)));
  }

  return {
    add,
    titleOf: (id) => steps.get(id)?.title ?? id,
    done: () => [...steps.values()].filter(({ state }) => holds(state)).length,
    list: (goesOn, now) =>
      [...steps].map(([id, step]) => ({
        id,
        title: step.title ?? id,
        state: step.state === "running" && !goesOn ? "cancelled" : step.state,
        seconds: secondsOf(step, goesOn ? now : undefined),
      })),
  };
}

/** A new taking, and a worker that waits for one, begin anew what the last one did not bring to its end. */
const takenAgain = ({ state, title }: Seen): Partial<Seen> =>
  state === "running" || state === "failed" || state === "cancelled" ? { ...fresh, title } : {};

function after(step: Seen, event: RunEvent, time: number): Partial<Seen> {
  switch (event.event) {
    case "observed":
      // What this run made stays its own, also where a later taking only finds it.
      return step.state === "done" ? { title: event.title } : { title: event.title, state: "observed" };
    case "started":
    case "undoing":
      return { state: "running", title: event.title, begun: time, ended: undefined };
    case "done":
    case "undone":
    case "failed":
      return { state: event.event, ended: time };
    case "cancelled":
    case "interrupted":
      return { state: "cancelled", ended: time };
    default:
      return {};
  }
}

const holds = (state: RunStep["state"]) => state === "done" || state === "observed";

/** Of a step that goes on: until now. */
function secondsOf({ begun, ended }: Seen, now: number | undefined): number | null {
  const until = ended ?? now;
  return begun === undefined || until === undefined ? null : Math.max(0, Math.round((until - begun) / 100) / 10);
}
