import { assertPerson } from "../approval/agent.ts";
import type { Grant } from "../approval/grant.ts";
import { BerthError } from "../kit/error.ts";
import { type ProposedAct, requestForAct, startAct, unusedGrant } from "../services/act-runs.ts";
import type { Berth } from "../services/berth.ts";
import { grant } from "../services/grants.ts";
import { actHash } from "../services/stack-acts.ts";
import { followToEnd } from "./follow.ts";
import { type ExitCode, renderFailure, type Terminal } from "./terminal.ts";
import { passphrase } from "./up.ts";

/** `--approve HASH`: at least 32 characters of the hash of the act. There is no `--yes` for an act. */
export interface ActConsent {
  approve?: string | undefined;
}

/** Shows an act on a stack, hears the person, does it and follows to the end. */
export async function doAct(
  berth: Berth,
  terminal: Terminal,
  proposed: ProposedAct,
  consent: ActConsent,
): Promise<ExitCode> {
  terminal.note(`${proposed.text}\n`);
  const granted = unusedGrant(berth, proposed) ?? (await hear(berth, terminal, proposed, consent));
  if (!granted) return 3;
  const { run, after } = await startAct(berth, proposed, granted);
  return followToEnd(berth, terminal, run, after);
}

/** What is typed for a yes, and how a person is asked for it. */
export const wordOf = ({ word }: Pick<ProposedAct, "word">): string => word ?? "yes";

/** A name counts as it is written; a yes in any letters. */
export const isYes = (proposed: Pick<ProposedAct, "word">, answer: string): boolean =>
  (proposed.word === null ? answer.trim().toLowerCase() : answer.trim()) === wordOf(proposed);

/** A person's yes by flag or on the terminal; undefined where there is none, and then nothing changes. */
async function hear(
  berth: Berth,
  terminal: Terminal,
  proposed: ProposedAct,
  { approve }: ActConsent,
): Promise<Grant | undefined> {
  const { act, plan, question } = proposed;
  const hash = actHash(act);
  const request = requestForAct(berth, proposed);
  const servers = [plan.server.host];
  if (approve !== undefined) {
    assertPerson(berth.store, berth.config.env, servers);
    if (approve.length < 32 || !hash.startsWith(approve)) throw otherAct(approve, hash);
    return grant(berth, proposed, request, "flag", await passphrase(berth, terminal));
  }
  const answer = await terminal.ask(`${question} Type ${wordOf(proposed)}: `, { afresh: true });
  if (answer === undefined) return askLater(terminal, proposed, request.id);
  assertPerson(berth.store, berth.config.env, servers);
  if (!isYes(proposed, answer)) {
    terminal.note("Not approved; nothing was changed.");
    return undefined;
  }
  return grant(berth, proposed, request, "terminal", await passphrase(berth, terminal));
}

function askLater(terminal: Terminal, { act, plan }: ProposedAct, request: string): undefined {
  const hash = actHash(act);
  const failure = {
    code: "approval_required",
    message: "A person has to approve this; nothing was changed.",
    object: plan.stack,
    cause: "There is no terminal here to ask on.",
    next: `In a terminal: berth approve ${request}   then the same command again; or the same command with --approve ${hash}`,
  };
  if (terminal.json)
    terminal.say(JSON.stringify({ event: "result", state: "approval_required", act: hash, request, failure }));
  terminal.note(renderFailure(failure));
  return undefined;
}

const otherAct = (given: string, hash: string) =>
  new BerthError({
    code: "approval_required",
    message: "What would be done is something else than what was approved; nothing was changed.",
    object: hash,
    cause: `--approve names ${given.slice(0, 64)}, and what would be done now is ${hash}.`,
    next: `Read what is shown above; if it is what you want: --approve ${hash}`,
  });
