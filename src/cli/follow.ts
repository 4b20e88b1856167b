import { BerthError } from "../kit/error.ts";
import type { RunEvent } from "../run/event.ts";
import type { Berth } from "../services/berth.ts";
import { whyBrokenOff } from "../services/broken-off.ts";
import { deploys, editedLine, planOfRun } from "../services/run-facts.ts";
import { runFolder } from "../services/run-folder.ts";
import { cancel, follow } from "../services/runs.ts";
import { type Figures, figuresIn, requestsFile } from "../stages/deploy/prober/figures.ts";
import { commandEndIn } from "../stages/operate/command-end.ts";
import { addressesOf } from "../stages/plan/addresses.ts";
import { showProgress } from "./progress.ts";
import { type ExitCode, renderFailure, type Terminal } from "./terminal.ts";

/** Follows a run, from the event behind `after` on, until it ends, or until the person leaves it: Ctrl-C once leaves it going, twice cancels it. */
export async function followToEnd(berth: Berth, terminal: Terminal, run: string, after = 0): Promise<ExitCode> {
  const edited = editedLine(berth, run);
  if (edited !== undefined)
    terminal.note(
      `! Line ${edited} of the journal of ${run} is not as it was written: something other than Berth has changed it.`,
    );
  const progress = showProgress(terminal);
  const leaving = new AbortController();
  let failed: Extract<RunEvent, { event: "ended" }>["failure"];
  const requests: Figures[] = [];
  let ended: ReturnType<typeof commandEndIn>;
  const stopListening = onInterrupts(berth, terminal, run, leaving);
  const onEvent: typeof progress.onEvent = (event, line) => {
    if (event.event === "taken") failed = undefined;
    if (event.event === "ended" || event.event === "failed") failed = event.failure ?? failed;
    const figures = figuresIn(event);
    if (figures) requests.push(figures);
    ended = commandEndIn(event) ?? ended;
    progress.onEvent(event, line);
  };
  const state = await follow(berth, run, { after, onEvent, onLog: progress.onLog, signal: leaving.signal }).finally(
    stopListening,
  );

  if (state === "interrupted") failed ??= whyBrokenOff(berth, run);
  const { observed, applied } = progress.counts();
  const plan = planOfRun(berth, run);
  const addresses = deploys(berth, run) ? addressesOf(plan) : [];
  if (terminal.json)
    terminal.say(
      JSON.stringify({
        event: "result",
        state,
        run,
        observed,
        applied,
        address: addresses.join(", "),
        ...(edited !== undefined && { editedLine: edited }),
        ...(requests.length > 0 && { requests }),
        ...ended,
        ...(failed && { failure: failed }),
      }),
    );
  if (requests.some(({ failed }) => failed > 0))
    terminal.note(`Each request by itself: ${requestsFile(runFolder(berth.config.home, run))}`);
  if (state === "done") {
    terminal.note(`\n${applied} steps applied, ${observed} already held.`);
    if (!terminal.json) for (const address of addresses) terminal.say(`${plan.stack} answers on ${address}`);
    if (ended?.outOfMemory) terminal.note("The command was ended for want of memory: more with berth scale --memory.");
    return ended?.exitCode ?? 0;
  }
  if (state === "running" || state === "pending") return left;
  if (failed) terminal.note(`\n${renderFailure(failed)}`);
  terminal.note(`The run is ${state.replace("_", " ")}. ${nextFor(state, run)}`);
  return state === "rolled_back" ? 0 : 1;
}

/** As a shell says of what Ctrl-C has ended. */
const left = 130;

/** The first leaves the run going, and after a moment this command ends; the second cancels the run; a third leaves that, too. */
function onInterrupts(berth: Berth, terminal: Terminal, run: string, leaving: AbortController): () => void {
  let interrupts = 0;
  let leavingSoon: NodeJS.Timeout | undefined;
  return terminal.onInterrupt(() => {
    interrupts++;
    clearTimeout(leavingSoon);
    if (interrupts === 1) {
      terminal.note(
        `\nThe run ${run} goes on without this command. Follow it: berth runs ${run}\nCtrl-C again within 3 s cancels it.`,
      );
      leavingSoon = setTimeout(() => leaving.abort(), 3000).unref();
    } else if (interrupts === 2) {
      cancelIfGoing(berth, run);
      terminal.note("\nCancelling: what the run is doing just now comes to its end first.");
    } else leaving.abort();
  });
}

/** It may have ended just now; then its end is read in a moment. */
function cancelIfGoing(berth: Berth, run: string): void {
  try {
    cancel(berth, run);
  } catch (error) {
    if (!(error instanceof BerthError) || error.code !== "not_running") throw error;
  }
}

const nextFor = (state: string, run: string) =>
  state === "rolled_back" ? "" : `Once the cause is gone: berth resume ${run}   (or the same command again)`;
