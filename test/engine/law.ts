import type { RunEvent } from "../../src/run/event.ts";
import type { StepCall } from "../../src/run/step.ts";

/** What earlier takings have left: the steps that the run has begun, and of these the ones it has said to be done. */
interface Past {
  changed: Set<string>;
  done: Set<string>;
}

/** The first thing in a journal's order that is against the law, in words; undefined where all is well. */
export function unlawful(events: readonly RunEvent[], calls: readonly StepCall[]): string | undefined {
  const [opened, ...rest] = events;
  if (opened?.event !== "opened") return "it does not begin by being opened";
  const past: Past = { changed: new Set(), done: new Set() };
  const over = { done: false, takingBack: false, rolledBack: false };
  let fence = 0;
  for (const [taken, ...lines] of takingsIn(rest)) {
    if (taken?.event !== "taken") return `${taken?.event} before the first taking`;
    if (taken.fence !== ++fence) return `taking ${taken.fence} where ${fence} was due`;
    if (over.rolledBack) return "a taking after it was rolled back";
    if (taken.action === "apply" && (over.done || over.takingBack)) return "applied after its end or its rollback";
    const wrong = taken.action === "apply" ? applied(lines, calls, past) : takenBack(lines, calls, past);
    if (wrong !== undefined) return `taking ${fence}: ${wrong}`;
    const last = lines.at(-1);
    const state = last?.event === "ended" ? last.state : undefined;
    over.done ||= state === "done";
    over.takingBack ||= taken.action === "rollback";
    over.rolledBack ||= state === "rolled_back";
  }
  return undefined;
}

export function takingsIn(events: readonly RunEvent[]): RunEvent[][] {
  const takings: RunEvent[][] = [];
  for (const event of events) {
    if (event.event === "taken" || takings.length === 0) takings.push([]);
    takings.at(-1)?.push(event);
  }
  return takings;
}

/** The steps in the plan's order, each begun before it is done, until one ends it; then what was measured, and the end. */
function applied(lines: readonly RunEvent[], calls: readonly StepCall[], past: Past): string | undefined {
  const walk = newWalk(calls);
  for (const line of lines) {
    if (walk.ended) return `${line.event} after the end`;
    if (line.event === "measured") {
      if (!walk.begun || walk.measured.has(line.what)) return `${line.what} measured twice, or before a step began`;
      walk.measured.add(line.what);
      continue;
    }
    if (line.event === "ended") {
      walk.ended = true;
      // The failures that are of no step: the run may not go on at all, or the step's own line could not be written.
      if (line.failure?.code === "superseded" && lines.length === 1) continue;
      if (line.failure?.code === "store_unwritable" && !walk.stop) continue;
      if (line.state !== (walk.stop ?? "done")) return `ended ${line.state} after ${walk.stop ?? "no failure"}`;
      if (line.state === "done" && walk.due() !== undefined) return `done without ${walk.due()}`;
      continue;
    }
    if (walk.stop || walk.measured.size > 0) return `${line.event} after ${walk.stop ?? "the steps' end"}`;
    if (!("step" in line) || line.step !== walk.due()) return `${line.event} where ${walk.due()} was due`;
    const { step } = line;
    if (line.event === "started") {
      if (walk.open) return `${step} was begun twice`;
      walk.open = true;
      walk.begun = true;
      past.changed.add(step);
      past.done.delete(step);
    } else if (line.event === "done" || line.event === "observed") {
      const ours = past.changed.has(step) && !past.done.has(step);
      if (ours !== (line.event === "done")) return `${step} ${line.event}, and it was ${ours ? "" : "not "}this run's`;
      if (line.event === "done") past.done.add(step);
      walk.next();
    } else if (line.event === "failed" || line.event === "cancelled" || line.event === "interrupted") {
      walk.stop = line.event;
    } else return `${line.event} while applying`;
  }
  return undefined;
}

/** What was changed, backwards; each is taken back or left with a reason, until one ends it. */
function takenBack(lines: readonly RunEvent[], calls: readonly StepCall[], past: Past): string | undefined {
  const walk = newWalk(calls.toReversed().filter(({ id }) => past.changed.has(id)));
  for (const line of lines) {
    if (walk.ended) return `${line.event} after the end`;
    if (line.event === "ended") {
      walk.ended = true;
      if (line.failure?.code === "store_unwritable" && !walk.stop) continue;
      if (line.state !== (walk.stop ?? "rolled_back")) return `ended ${line.state} after ${walk.stop ?? "no failure"}`;
      if (line.state === "rolled_back" && walk.due() !== undefined) return `rolled back without ${walk.due()}`;
      continue;
    }
    if (walk.stop) return `${line.event} after ${walk.stop}`;
    if (!("step" in line)) return `${line.event} while taking back`;
    // A stop between two steps names the next that it would have come to, changed or not.
    if (line.event === "failed" || line.event === "cancelled" || line.event === "interrupted") {
      walk.stop = line.event;
      continue;
    }
    if (line.step !== walk.due()) return `${line.event} of ${line.step} where ${walk.due()} was due`;
    if (line.event === "undoing") {
      if (walk.open) return `${line.step} was being undone twice`;
      walk.open = true;
    } else if (line.event === "undone") {
      past.changed.delete(line.step);
      past.done.delete(line.step);
      walk.next();
    } else if (line.event === "left" && !walk.open) walk.next();
    else return `${line.event} while taking back`;
  }
  return undefined;
}

/** Where a taking stands among the steps that are its own. */
function newWalk(calls: readonly StepCall[]) {
  let at = 0;
  const walk = {
    /** The step that was begun is not yet at its end. */
    open: false,
    begun: false,
    ended: false,
    measured: new Set<string>(),
    /** The line that ended the steps early. */
    stop: undefined as "failed" | "cancelled" | "interrupted" | undefined,
    due: () => calls[at]?.id,
    next: () => {
      at += 1;
      walk.open = false;
    },
  };
  return walk;
}
