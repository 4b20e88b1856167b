import type { Person } from "../agent/types.ts";
import { assertPerson } from "../approval/agent.ts";
import { requestsToAnswer } from "../approval/request.ts";
import { failureOf } from "../kit/error.ts";
import { visible, visibleLines } from "../kit/text.ts";
import { describeAct } from "../services/act-text.ts";
import type { Berth } from "../services/berth.ts";
import { cancelled } from "../services/cancel.ts";
import { planOfRun } from "../services/run-facts.ts";
import { actIn } from "../services/stack-acts.ts";
import { storedPlan } from "../services/stored-plan.ts";
import { renderPlan } from "../stages/plan/render.ts";
import { dim } from "./progress.ts";
import { renderFailure, type Terminal } from "./terminal.ts";

/** The person at this terminal. What the model and the tools say is shown as text in which nothing hides. */
export function personAt(berth: Berth, terminal: Terminal): Person {
  const words = wordsOn(terminal);

  return {
    say: words.say,
    note(line) {
      words.endLine();
      const shown = `  ${visible(line)}`;
      terminal.note(terminal.live ? dim(shown) : shown);
    },
    ask(question) {
      words.endLine();
      return askBelow(question);
    },
    decide(question) {
      words.endLine();
      return decide(question);
    },
    async open({ message, url }) {
      words.endLine();
      terminal.note(`${visibleLines(message)}\n${visible(url)}`);
      const answer = await terminal.ask("Press Enter when you have it open, or type no: ");
      return answer === undefined ? "cancel" : answer.trim() === "" ? "accept" : "decline";
    },
  };

  /** Only the last line is the line editor's, which draws it anew with every key. */
  function askBelow(question: string): Promise<string | undefined> {
    const lines = visibleLines(question).split("\n");
    const last = lines.pop() ?? "";
    for (const line of lines) terminal.note(line);
    return terminal.ask(last);
  }

  /** What a request is for is read from the store: a person approves by the whole of it, whatever the model was told. */
  async function decide({ message, typed }: Parameters<Person["decide"]>[0]): ReturnType<Person["decide"]> {
    const asked = askedFor(berth, message);
    if (!asked) {
      terminal.note("An approval was asked for that is not open here: not approved, nothing was changed.");
      return "cancel";
    }
    const { text, hosts } = asked;
    if (text !== undefined) terminal.note(`\n${text}`);
    terminal.note(`\n${visibleLines(message)}\n`);
    const wanted = typed ?? "yes";
    const answer = await terminal.ask(`Approve? Type ${visible(wanted)}, or no to close the request: `, {
      afresh: true,
    });
    if (answer === undefined) return "cancel";
    if (answer.trim().toLowerCase() === "no") return "decline";
    if ((typed === null ? answer.trim().toLowerCase() : answer.trim()) !== wanted) {
      terminal.note(`That was not ${visible(wanted)}: not approved, nothing was changed.`);
      return "cancel";
    }
    try {
      assertPerson(berth.store, berth.config.env, hosts);
      return "accept";
    } catch (error) {
      terminal.note(renderFailure(failureOf(error)));
      return "cancel";
    }
  }
}

/** What the request is for that a dialog ends with, and the servers that it is done to. Undefined where none is open. */
function askedFor(berth: Berth, message: string): { text?: string; hosts: string[] } | undefined {
  const id = /berth approve (request_[0-9a-z]+)$/.exec(message)?.[1];
  const operation = requestsToAnswer(berth.store, Date.now()).find((request) => request.id === id)?.operation;
  if (operation?.kind === "plan") {
    const { plan, hash } = storedPlan(berth.store, operation.plan);
    return { text: renderPlan(plan, hash), hosts: [plan.server.host] };
  }
  const act = actIn(operation);
  if (act) return { text: describeAct(act), hosts: [storedPlan(berth.store, act.arguments.plan).plan.server.host] };
  const run = operation && cancelled(operation);
  return run === undefined ? undefined : { hosts: [planOfRun(berth, run).server.host] };
}

/** The model's words as they come, on stdout; where stdout is for a program, line by line on stderr. */
function wordsOn(terminal: Terminal) {
  let line = "";

  function say(text: string): void {
    const safe = visibleLines(text);
    if (!terminal.json) terminal.write(safe);
    const ends = safe.split("\n");
    const last = ends.pop() ?? "";
    for (const end of ends) {
      if (terminal.json) terminal.note(line + end);
      line = "";
    }
    line += last;
  }

  const endLine = () => {
    if (line !== "") say("\n");
  };

  return { say, endLine };
}
