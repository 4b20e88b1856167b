import { stripVTControlCharacters } from "node:util";
import { visible, visibleLines } from "../kit/text.ts";
import type { RunEvent } from "../run/event.ts";
import { logName, partsOfLog } from "../run/log.ts";
import { figuresIn, figuresLine } from "../stages/deploy/prober/figures.ts";
import { commandRan } from "../stages/operate/command-end.ts";
import type { Terminal } from "./terminal.ts";

export const dim = (text: string) => `\u001b[2m${text}\u001b[22m`;
const seconds = (from: string | undefined, to: string) =>
  from === undefined ? "" : ` (${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(1)} s)`;

const waitingLine = ({ code, message, cause }: { code: string; message: string; cause: string }) =>
  code === "lock_held"
    ? `· Waiting: ${message} ${cause}`
    : `! The connection to the server was lost${code === "connection_lost" ? ` (${cause.replace(/\.$/, "")})` : ""}. The run goes on by itself as soon as the server answers.`;

/** As the log of that step is called. */
const commandLog = partsOfLog(logName(commandRan, 0)).step;

/** Shows a run as it goes: a line a step, with the output of long ones below it while they last. */
export function showProgress(terminal: Terminal) {
  const began = new Map<string, string>();
  const titles = new Map<string, string>();
  let waits = false;
  let again = false;
  let observed = 0;
  let applied = 0;

  function onEvent(event: RunEvent, { at }: { at: string }): void {
    if (terminal.json) terminal.say(JSON.stringify({ at, ...event }));
    if ("title" in event) titles.set(event.step, event.title);
    if (event.event === "started") began.set(event.step, at);
    if (event.event === "observed") observed++;
    if (event.event === "done") applied++;
    const line = lineOf(event, at);
    if (line !== undefined) terminal.note(visible(line));
  }

  function lineOf(event: RunEvent, at: string): string | undefined {
    const figures = figuresIn(event);
    if (figures) return `${figures.failed > 0 ? "!" : "·"} ${figuresLine(figures, again)}`;
    if (event.event === "taken") again = event.fence > 1;
    if (event.event === "waiting") {
      waits = event.failure.code !== "lock_held";
      return waitingLine(event.failure);
    }
    if (event.event === "taken" && waits) {
      waits = false;
      return "· The server answers again: going on.";
    }
    if (!("step" in event)) return undefined;
    const title = titles.get(event.step) ?? event.step;
    const took = seconds(began.get(event.step), at);
    switch (event.event) {
      case "observed":
        return `= ${title}`;
      case "started":
        return `… ${title}`;
      case "done":
        return `✓ ${title}${took}`;
      case "failed":
        return `✗ ${title}${took}`;
      case "cancelled":
        return `■ ${title}: cancelled`;
      case "undoing":
        return `↶ ${title}`;
      case "undone":
        return `✓ ${title}: taken back`;
      case "left":
        return `! ${title}: left as it is: ${event.why}`;
    }
  }

  function onLog(step: string, text: string): void {
    // What a command prints was asked for: it is the answer, and all else is progress.
    const isAnswer = step === commandLog;
    if (terminal.json) {
      if (isAnswer) terminal.say(JSON.stringify({ event: "output", text }));
      return;
    }
    // What an application or its build prints must not reach the terminal as anything but text.
    const shown = visibleLines(stripVTControlCharacters(text));
    if (isAnswer) terminal.write(shown);
    for (const line of isAnswer ? [] : shown.split("\n"))
      if (line.trim() !== "") terminal.note(terminal.live ? dim(`  │ ${line}`) : `  | ${line}`);
  }

  return { onEvent, onLog, counts: () => ({ observed, applied }) };
}
