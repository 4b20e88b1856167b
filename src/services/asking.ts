import { findGrant, type Grant, grantRequest } from "../approval/grant.ts";
import type { Base, Operation } from "../approval/operation.ts";
import { declineRequest, openRequest } from "../approval/request.ts";
import { cleanLine } from "../kit/text.ts";
import { requestOf } from "../store/requests.ts";
import type { Berth } from "./berth.ts";
import { personOf } from "./grants.ts";
import type { Answer, Asker, CancelOutcome } from "./surface.ts";

/** What a person is asked through a client, outside the model. */
export interface Matter {
  operation: Operation;
  /** The facts that the question rests on. */
  base: Base;
  /** The same when the answer is there, as far as this computer knows. */
  baseNow(): Base;
  /** What will be done, whole enough to be answered by; `request` shows it all on a terminal. */
  message(request: string): string;
  /** What is typed for a yes, where one must be typed: a name that stands in the message. */
  word: string;
  /** Money or data is at stake: a yes is typed, whatever the setting. */
  grave: boolean;
}

/** Why there is no grant; the person can still give one on a terminal, where they have not declined. */
type Unheard = Exclude<CancelOutcome, { status: "asked" }>;
export type Heard = { status: "granted"; grant: Grant } | Unheard;

/**
 * Asks for a grant through the client's own dialog. What the asker throws passes through: where the answer comes with a
 * later call, that call comes here again and finds the same request. Throws `base_changed` where a yes comes too late.
 */
export async function hear(berth: Berth, matter: Matter, asker: Asker): Promise<Heard> {
  const { store, grantKey, config } = berth;
  const request = openRequest(store, matter.operation, matter.base, Date.now());
  const later = (why: "unanswered" | "unable" | "passphrase"): Unheard => {
    return { status: "approval_required", request: request.id, expires: new Date(request.expires).toISOString(), why };
  };
  // The passphrase is typed on a terminal, never into a client.
  if (grantKey.sealed) return later("passphrase");
  if (config.elicitation === "off") return later("unable");
  const typed = matter.grave || config.elicitation === "typed" ? matter.word : null;
  const answer = await asker.ask({ request: request.id, message: matter.message(request.id), typed });
  return store.write(() => {
    const elsewhere = answeredElsewhere(berth, matter, request.id, answer);
    if (elsewhere) return elsewhere;
    switch (answer) {
      case "yes":
        return { status: "granted", grant: grantBy(berth, matter, request.id, asker) };
      case "no":
        declineRequest(store, request.id, Date.now());
        return { status: "declined", request: request.id };
      default:
        return later(answer);
    }
  });
}

/** The person may have answered on a terminal while the dialog was open. Of a yes and a no the no counts for this call. */
function answeredElsewhere(
  { store, grantKey }: Berth,
  { operation, baseNow }: Matter,
  request: string,
  answer: Answer,
): Heard | undefined {
  const state = requestOf(store, request)?.state;
  if (state === "open") return undefined;
  const claim = { operation, base: baseNow(), now: Date.now() };
  const given = state === "granted" && answer !== "no" ? findGrant(store, grantKey.publicKey, claim) : undefined;
  return given ? { status: "granted", grant: given } : { status: "declined", request };
}

/** The one place where an answer from a client becomes a grant. */
function grantBy(berth: Berth, { baseNow }: Matter, request: string, { client }: Asker): Grant {
  const person = `${personOf(berth)} via ${cleanLine(client, 60)}`;
  const consent = { request, base: baseNow(), person, channel: "elicitation" as const, now: Date.now() };
  return grantRequest(berth.store, berth.grantKey.unlock(), consent);
}
