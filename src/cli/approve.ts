import { assertPerson } from "../approval/agent.ts";
import { declineRequest, requestsToAnswer } from "../approval/request.ts";
import { BerthError } from "../kit/error.ts";
import type { Berth } from "../services/berth.ts";
import { grant, requestFor } from "../services/grants.ts";
import { proposeStored } from "../services/propose.ts";
import { renderPlan } from "../stages/plan/render.ts";
import type { ExitCode, Terminal } from "./terminal.ts";
import { passphrase } from "./up.ts";

/** Shows what a request or a plan asks for and hears a person on the terminal: there is no other way to say yes here. */
export async function approve(berth: Berth, terminal: Terminal, wanted: string): Promise<ExitCode> {
  const request = requestsToAnswer(berth.store, Date.now()).find(({ id }) => id === wanted);
  if (request === undefined && wanted.startsWith("request_")) throw noRequest(wanted);
  const plan = request?.operation.kind === "plan" ? request.operation.plan : wanted;
  const proposal = await proposeStored(berth, plan);
  terminal.note(renderPlan(proposal.plan, proposal.hash));
  const answer = await terminal.ask(
    `Apply this plan to ${proposal.plan.server.name}? Type yes, or no to close the request: `,
  );
  if (answer === undefined) throw noTerminal(wanted);
  assertPerson(berth.store, berth.config.env, [proposal.plan.server.host]);
  const open = request ?? requestFor(berth, proposal);
  switch (answer.trim().toLowerCase()) {
    case "yes":
      grant(berth, proposal, open, "terminal", await passphrase(berth, terminal));
      terminal.say("Approved. Run the command (or the client's call) again: it goes on from here.");
      return 0;
    case "no":
      declineRequest(berth.store, open.id, Date.now());
      terminal.say("Declined; nothing was changed.");
      return 1;
    default:
      terminal.say("Neither yes nor no: the request stays open, nothing was changed.");
      return 3;
  }
}

const noRequest = (wanted: string) =>
  new BerthError({
    code: "no_such_request",
    message: "There is no open request of this name.",
    object: wanted,
    cause: "It was answered, it ran out after 15 minutes, or it is in another state folder.",
    next: "Run the command that asked again: it makes a new request.",
  });

const noTerminal = (wanted: string) =>
  new BerthError({
    code: "approval_required",
    message: "An approval is typed by a person on a terminal.",
    object: wanted,
    cause: "There is no terminal here.",
    next: `In a terminal of yours: berth approve ${wanted}`,
  });
