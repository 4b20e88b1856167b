import { type KeyObject, randomBytes, sign, verify } from "node:crypto";
import { z } from "zod";
import { canonicalJson } from "../kit/canonical.ts";
import { newId } from "../kit/id.ts";
import { addGrant, addSpending, grantOf, grantsFor, spendingsOf } from "../store/grants.ts";
import { closeRequest } from "../store/requests.ts";
import type { Store } from "../store/store.ts";
import { baseChanged, grantExpired, grantInvalid, partSpent } from "./failure.ts";
import { type Base, driftOf, type Operation, operationHash } from "./operation.ts";
import { answerable } from "./request.ts";

/** How long a grant may be used, in ms: a deploy that failed at night can be resumed in the morning. */
const lifetime = 24 * 60 * 60_000;

/** A person's consent to one operation, as it is signed. Times are ms since 1970. */
const Grant = z.object({
  id: z.string(),
  /** Hash of the operation. */
  operation: z.string(),
  base: z.record(z.string(), z.string()),
  person: z.string(),
  /** `elicitation`: through the MCP client's own dialog; `page`: the local page, with the passphrase. */
  channel: z.enum(["terminal", "flag", "elicitation", "page"]),
  nonce: z.string(),
  created: z.number(),
  expires: z.number(),
});
export type Grant = z.infer<typeof Grant>;

export interface Consent {
  /** Id of the request that is answered. */
  request: string;
  /** The facts as they are now: where they are not those that were shown, the answer does not count. */
  base: Base;
  /** Who said yes, as the channel knows them. */
  person: string;
  channel: Grant["channel"];
  now: number;
}

/**
 * Turns a person's yes into a grant. Only code that has just heard a person may call this: no tool does. Throws
 * `no_such_request`, `request_closed` or `base_changed`.
 */
export function grantRequest(
  store: Store,
  key: KeyObject,
  { request: id, base, person, channel, now }: Consent,
): Grant {
  return store.write(() => {
    const request = answerable(store, id, now);
    const drift = driftOf(request.base, base);
    if (drift.length > 0) throw baseChanged(id, drift);
    const who = { person, channel, nonce: randomBytes(16).toString("hex") };
    const times = { created: now, expires: now + lifetime };
    const grant = { id: newId("grant", now), operation: request.operationHash, base, ...who, ...times };
    const body = canonicalJson(grant);
    addGrant(store, { id: grant.id, request: id, body, signature: sign(null, signed(body), key).toString("base64") });
    closeRequest(store, id, "granted");
    return grant;
  });
}

export interface Claim {
  operation: Operation;
  base: Base;
  /** Names of the facts that a grant's own parts have changed since it was given. */
  ownWork?: (grant: Grant) => readonly string[];
  now: number;
}

/** Grants of an operation that have not run out, newest first, whatever they rest on. */
export const grantsOf = (store: Store, publicKey: KeyObject, operation: Operation, now: number): Grant[] =>
  grantsFor(store, operationHash(operation)).flatMap(({ id }) => {
    const grant = readGrant(store, publicKey, id);
    return grant && grant.operation === operationHash(operation) && grant.expires > now ? [grant] : [];
  });

/** The newest grant that covers an operation as things are now, and that counts. Undefined: a person must be asked. */
export const findGrant = (
  store: Store,
  publicKey: KeyObject,
  { operation, base, ownWork, now }: Claim,
  counts: (grant: Grant) => boolean = () => true,
): Grant | undefined =>
  grantsOf(store, publicKey, operation, now).find(
    (grant) => driftOf(grant.base, base, ownWork?.(grant)).length === 0 && counts(grant),
  );

/** The grant, where it covers the operation as things are now; throws `grant_invalid`, `grant_expired`, `base_changed`. */
export function verifyGrant(store: Store, publicKey: KeyObject, id: string, claim: Claim): Grant {
  const grant = readGrant(store, publicKey, id);
  if (!grant) throw grantInvalid(id, "It is not there, or was not signed with this folder's key.");
  if (grant.operation !== operationHash(claim.operation)) throw grantInvalid(id, "It is for another operation.");
  if (grant.expires <= claim.now) throw grantExpired(id, grant.expires);
  const drift = driftOf(grant.base, claim.base, claim.ownWork?.(grant));
  if (drift.length > 0) throw baseChanged(id, drift);
  return grant;
}

/**
 * Uses parts of a grant, each once, for the run that `open` makes; a repeated call answers the run that has them. Throws
 * `part_spent` where different runs have some of them. A part stays with its run even when that fails: it is resumed.
 */
export function spend(
  store: Store,
  grant: string,
  parts: readonly string[],
  open: () => string,
): { run: string; fresh: boolean } {
  return store.write(() => {
    const spent = spendingsOf(store, grant).filter(({ part }) => parts.includes(part));
    const first = spent.at(0);
    if (first && spent.length === parts.length && spent.every(({ run }) => run === first.run))
      return { run: first.run, fresh: false };
    if (first) throw partSpent(grant, spent.map(({ part, run }) => `${part} by ${run}`).join(", "));
    const run = open();
    for (const part of parts) addSpending(store, grant, part, run);
    return { run, fresh: true };
  });
}

/** Throws `grant_invalid` where a run holds parts of a grant that were not spent for it. */
export function assertSpentBy(store: Store, grant: string, { id, parts }: { id: string; parts: readonly string[] }) {
  const own = spendingsOf(store, grant).filter(({ run }) => run === id);
  if (parts.every((part) => own.some((spent) => spent.part === part))) return;
  throw grantInvalid(grant, "It was not given out for this run.");
}

/** Uses a grant of one act, which is done to a run; throws `part_spent` where it was used before. */
export function useOnce(store: Store, grant: string, act: string, run: string): void {
  if (!spend(store, grant, [act], () => run).fresh) throw partSpent(grant, "An act is done once for each approval.");
}

/** Undefined where it is not there or its signature is not of this key. */
function readGrant(store: Store, publicKey: KeyObject, id: string): Grant | undefined {
  const stored = grantOf(store, id);
  if (!stored || !verify(null, signed(stored.body), publicKey, Buffer.from(stored.signature, "base64")))
    return undefined;
  const grant = Grant.parse(JSON.parse(stored.body));
  return grant.id === id ? grant : undefined;
}

/** Named for what it is, so that nothing else that this key might sign can pass for a grant. */
const signed = (body: string) => Buffer.from(`berth grant 1\n${body}`);
