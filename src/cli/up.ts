import { assertPerson } from "../approval/agent.ts";
import { flagRefusal } from "../approval/flag.ts";
import type { Grant } from "../approval/grant.ts";
import { BerthError } from "../kit/error.ts";
import { visible } from "../kit/text.ts";
import type { Preview } from "../run/preview.ts";
import type { Berth } from "../services/berth.ts";
import { comparedWith } from "../services/compared.ts";
import { grant, grantFor, leftRun, requestFor } from "../services/grants.ts";
import { serialIn } from "../services/plan-base.ts";
import type { Proposal } from "../services/propose.ts";
import { preview, start } from "../services/runs.ts";
import { otherSource } from "../services/standing.ts";
import { addressesOf } from "../stages/plan/addresses.ts";
import { renderDifferences } from "../stages/plan/differences.ts";
import { renderPlan } from "../stages/plan/render.ts";
import { followToEnd } from "./follow.ts";
import { type ExitCode, renderFailure, type Terminal } from "./terminal.ts";

export interface Consent {
  /** `--approve HASH`: at least 32 characters of the plan's hash, since fewer could be met by trying out sources. */
  approve?: string | undefined;
  yes?: boolean | undefined;
}

/** Shows a plan, hears the person, applies it and follows to the end. A plan that changes nothing needs no grant. */
export async function applyPlan(
  berth: Berth,
  terminal: Terminal,
  proposal: Proposal,
  consent: Consent,
): Promise<ExitCode> {
  const { plan, hash } = proposal;
  terminal.note(renderPlan(plan, hash));
  const replaces = otherSource(berth.store, plan);
  if (replaces !== undefined)
    terminal.note(`! Another source runs as ${plan.stack}, ${visible(replaces)}: this replaces it.\n`);
  const steps = await preview(berth, plan, new AbortController().signal);
  const changes = steps.filter(({ holds }) => !holds);
  const given = grantFor(berth, proposal);
  // A run that was left after its last step, before it could say that it is done, is brought to its end.
  const left = given !== undefined && leftRun(berth, given.id) !== undefined;
  if (changes.length === 0 && !left) return nothingToDo(terminal, proposal, steps);
  const stands = comparedWith(berth, proposal, serialIn(proposal.base, plan));
  if (stands) terminal.note(`${renderDifferences(stands, plan)}\n`);
  terminal.note(renderChanges(steps));
  const granted = given ?? (await hear(berth, terminal, proposal, consent));
  if (!granted) return 3;
  const { run, after } = await start(berth, proposal, granted);
  return followToEnd(berth, terminal, run, after);
}

function nothingToDo(terminal: Terminal, { plan, hash }: Proposal, steps: readonly Preview[]): ExitCode {
  const address = addressesOf(plan).join(", ");
  if (terminal.json) {
    for (const { id, title } of steps) terminal.say(JSON.stringify({ event: "observed", step: id, title }));
    terminal.say(
      JSON.stringify({ event: "result", state: "unchanged", plan: hash, observed: steps.length, applied: 0, address }),
    );
  } else terminal.say(`Nothing to do: all ${steps.length} steps were observed to hold, none was applied. ${address}`);
  return 0;
}

function renderChanges(steps: readonly Preview[]): string {
  const changes = steps.filter(({ holds }) => !holds);
  const line = ({ title, effect }: Preview) => `  + ${visible(title)}${effect === "change" ? "" : ` [${effect}]`}`;
  return [`${changes.length} of ${steps.length} steps would change something:`, ...changes.map(line), ""].join("\n");
}

/** A person's yes by flag or on the terminal; undefined where there is none, and then nothing changes. */
async function hear(
  berth: Berth,
  terminal: Terminal,
  proposal: Proposal,
  consent: Consent,
): Promise<Grant | undefined> {
  const { plan, hash, newStack, base } = proposal;
  const request = requestFor(berth, proposal);
  const servers = [plan.server.host];
  if (consent.approve !== undefined) {
    assertPerson(berth.store, berth.config.env, servers);
    if (consent.approve.length < 32 || !hash.startsWith(consent.approve)) throw otherPlan(consent.approve, hash);
    return grant(berth, proposal, request, "flag", await passphrase(berth, terminal));
  }
  if (consent.yes) {
    assertPerson(berth.store, berth.config.env, servers);
    const refusal = flagRefusal({
      newStack,
      serverAtHand: true,
      costs: false,
      destroys: false,
      sealed: berth.grantKey.sealed,
    });
    if (refusal === undefined) return grant(berth, { base }, request, "flag");
    terminal.note(`--yes does not stand for a person here: ${refusal}.`);
  }
  const answer = await terminal.ask(`Apply this plan to ${plan.server.name}? Type yes: `, { afresh: true });
  if (answer === undefined) return askLater(terminal, proposal, request.id);
  assertPerson(berth.store, berth.config.env, servers);
  if (answer.trim().toLowerCase() !== "yes") {
    terminal.note("Not approved; nothing was changed.");
    return undefined;
  }
  return grant(berth, { base }, request, "terminal", await passphrase(berth, terminal));
}

export async function passphrase({ grantKey }: Berth, terminal: Terminal): Promise<string | undefined> {
  return grantKey.sealed ? terminal.ask("Passphrase for approvals: ", { hidden: true }) : undefined;
}

function askLater(terminal: Terminal, { plan, hash }: Proposal, request: string): undefined {
  const failure = {
    code: "approval_required",
    message: "A person has to approve this plan; nothing was changed.",
    object: `${plan.stack}, plan ${hash.slice(0, 12)}`,
    cause: "There is no terminal here to ask on.",
    next: `In a terminal: berth approve ${request}   then the same command again; or the same command with --approve ${hash}`,
  };
  if (terminal.json)
    terminal.say(JSON.stringify({ event: "result", state: "approval_required", plan: hash, request, failure }));
  terminal.note(renderFailure(failure));
  return undefined;
}

const otherPlan = (given: string, hash: string) =>
  new BerthError({
    code: "approval_required",
    message: "The plan is another one than the one that was approved; nothing was changed.",
    object: hash,
    cause: `--approve names ${given.slice(0, 64)}, and what would be applied now is ${hash}.`,
    next: `Read the plan above; if it is what you want: --approve ${hash}`,
  });
