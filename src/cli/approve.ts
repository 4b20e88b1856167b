import { assertPerson } from "../approval/agent.ts";
import { declineRequest, type Request, requestsToAnswer } from "../approval/request.ts";
import { BerthError } from "../kit/error.ts";
import { visible } from "../kit/text.ts";
import type { Berth } from "../services/berth.ts";
import { cancelled, describeRun } from "../services/cancel.ts";
import { comparedWith } from "../services/compared.ts";
import { grant, requestFor } from "../services/grants.ts";
import { addressOf } from "../services/kept-analyses.ts";
import { serialIn } from "../services/plan-base.ts";
import { proposeStored } from "../services/propose.ts";
import { planOfRun } from "../services/run-facts.ts";
import { proposeAgain } from "../services/stack-acting.ts";
import { actHash, actIn, type StackAct } from "../services/stack-acts.ts";
import { otherSource } from "../services/standing.ts";
import { renderDifferences } from "../stages/plan/differences.ts";
import { renderPlan } from "../stages/plan/render.ts";
import { isYes, wordOf } from "./act.ts";
import type { ExitCode, Terminal } from "./terminal.ts";
import { passphrase } from "./up.ts";

/** What a person is asked about on the terminal. */
interface Shown {
  text: string;
  question: string;
  /** Typed for a yes, where data is at stake; null: yes will do. */
  word: string | null;
  /** Of the servers that it is done to. */
  hosts: string[];
  /** The facts as they are now. */
  base: Request["base"];
  request(): Request;
}

/** Shows what a request or a plan asks for and hears a person on the terminal: there is no other way to say yes here. */
export async function approve(berth: Berth, terminal: Terminal, wanted: string | undefined): Promise<ExitCode> {
  if (wanted === undefined) return listRequests(berth, terminal);
  const request = requestsToAnswer(berth.store, Date.now()).find(({ id }) => id === wanted);
  if (request === undefined && wanted.startsWith("request_")) throw noRequest(wanted);
  const shown =
    request?.operation.kind === "act" ? await showAct(berth, request) : await showPlan(berth, wanted, request);
  terminal.note(shown.text);
  const question = `${shown.question} Type ${wordOf(shown)}, or no to close the request: `;
  const answer = await terminal.ask(question, { afresh: true });
  if (answer === undefined) throw noTerminal(wanted);
  assertPerson(berth.store, berth.config.env, shown.hosts);
  const open = shown.request();
  if (isYes(shown, answer)) {
    grant(berth, shown, open, "terminal", await passphrase(berth, terminal));
    terminal.say("Approved. Run the command (or the client's call) again: it goes on from here.");
    return 0;
  }
  if (answer.trim().toLowerCase() === "no") {
    declineRequest(berth.store, open.id, Date.now());
    terminal.say("Declined; nothing was changed.");
    return 1;
  }
  terminal.say(`Neither ${wordOf(shown)} nor no: the request stays open, nothing was changed.`);
  return 3;
}

async function showPlan(berth: Berth, wanted: string, request: Request | undefined): Promise<Shown> {
  const hash = request?.operation.kind === "plan" ? request.operation.plan : wanted;
  const proposal = await proposeStored(berth, hash);
  const { plan, base } = proposal;
  const from = addressOf(berth.store, plan.source);
  const replaces = otherSource(berth.store, plan);
  const stands = comparedWith(berth, proposal, serialIn(base, plan));
  return {
    text: [
      renderPlan(plan, proposal.hash),
      ...(from === undefined ? [] : [`The source came from ${visible(from)}`]),
      ...(replaces === undefined
        ? []
        : [`! Another source runs as ${plan.stack}, ${visible(replaces)}: this replaces it.`]),
      ...(stands === undefined ? [] : ["", renderDifferences(stands, plan)]),
    ].join("\n"),
    question: `Apply this plan to ${plan.server.name}?`,
    word: null,
    hosts: [plan.server.host],
    base,
    request: () => request ?? requestFor(berth, proposal),
  };
}

/** A request that was left open for an act: the cancel of a run, or one on a stack. */
async function showAct(berth: Berth, request: Request): Promise<Shown> {
  const act = actIn(request.operation);
  if (act) return showStackAct(berth, request, act);
  const run = cancelled(request.operation);
  if (run === undefined) throw unknownAct(request.id);
  return {
    text: describeRun(berth, run).join("\n"),
    question: "Stop this run after what it is doing? Going on later takes a new approval.",
    word: null,
    hosts: [planOfRun(berth, run).server.host],
    base: {},
    request: () => request,
  };
}

/** The act as it would be now: what is shown is what is there, and a request for something else is none for this. */
async function showStackAct(berth: Berth, request: Request, act: StackAct): Promise<Shown> {
  const proposed = await proposeAgain(berth, act, new AbortController().signal);
  if (!proposed || actHash(proposed.act) !== actHash(act)) throw outdated(request.id);
  const { text, question, word, base, plan } = proposed;
  return { text: `${text}\n`, question, word, base, hosts: [plan.server.host], request: () => request };
}

function listRequests(berth: Berth, terminal: Terminal): ExitCode {
  const open = requestsToAnswer(berth.store, Date.now());
  const lines = open.map(({ id, operation, expires }) => ({
    request: id,
    asks:
      operation.kind === "plan"
        ? `apply plan ${operation.plan.slice(0, 12)} of ${operation.stack}`
        : `${operation.act} ${JSON.stringify(operation.arguments)}`,
    until: new Date(expires).toISOString(),
  }));
  if (terminal.json) terminal.say(JSON.stringify(lines));
  else if (lines.length === 0) terminal.say("Nothing waits for an approval.");
  else for (const { request, asks, until } of lines) terminal.say(`${request}  until ${until}  ${visible(asks)}`);
  return 0;
}

const noRequest = (wanted: string) =>
  new BerthError({
    code: "no_such_request",
    message: "There is no open request of this name.",
    object: wanted,
    cause: "It was answered, it ran out after 15 minutes, or it is in another state folder.",
    next: "Run the command that asked again: it makes a new request. berth approve lists those that are open.",
  });

const unknownAct = (request: string) =>
  new BerthError({
    code: "no_such_request",
    message: "This request is for an act that this version of Berth does not know.",
    object: request,
    cause: "Another version of Berth made it.",
    next: "Answer it with that version, or let it run out: it stays open for 15 minutes.",
  });

const outdated = (request: string) =>
  new BerthError({
    code: "base_changed",
    message: "What this request was about is not there any more as it was; nothing was approved.",
    object: request,
    cause: "Something was deployed, or taken away, since it was asked for.",
    next: "Run the command that asked again: it looks anew and makes a new request.",
  });

const noTerminal = (wanted: string) =>
  new BerthError({
    code: "approval_required",
    message: "An approval is typed by a person on a terminal.",
    object: wanted,
    cause: "There is no terminal here.",
    next: `In a terminal of yours: berth approve ${wanted}`,
  });
