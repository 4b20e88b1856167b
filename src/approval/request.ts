import { hashOf } from "../kit/canonical.ts";
import { newId } from "../kit/id.ts";
import { addRequest, closeRequest, openRequests, requestOf, type StoredRequest } from "../store/requests.ts";
import type { Store } from "../store/store.ts";
import { noRequest, requestClosed } from "./failure.ts";
import { type Base, Operation, operationHash } from "./operation.ts";

/** How long a request waits for an answer, in ms. */
const patience = 15 * 60_000;

export type Request = Omit<StoredRequest, "operation"> & { operation: Operation };

/**
 * Asks for a grant. The same question, still open and against the same base, is the same request: a repeated call does
 * not make a pile of them. `now` is in ms since 1970.
 */
export function openRequest(store: Store, operation: Operation, base: Base, now: number): Request {
  const hash = operationHash(operation);
  return store.write(() => {
    const same = openRequests(store, now).find((r) => r.operationHash === hash && hashOf(r.base) === hashOf(base));
    if (same) return asRequest(same);
    const times = { created: now, expires: now + patience };
    const request = {
      id: newId("request", now),
      operationHash: hash,
      operation,
      base,
      state: "open" as const,
      ...times,
    };
    addRequest(store, request);
    return request;
  });
}

/** The request while it can be answered; throws `no_such_request` or `request_closed`. */
export function answerable(store: Store, id: string, now: number): Request {
  const request = requestOf(store, id);
  if (!request) throw noRequest(id);
  if (request.state !== "open") throw requestClosed(id, `It was ${request.state}.`);
  if (request.expires <= now) throw requestClosed(id, `It ran out at ${new Date(request.expires).toISOString()}.`);
  return asRequest(request);
}

/** Whether an answer to this request would count now. */
export function isAnswerable(store: Store, id: string, now: number): boolean {
  const request = requestOf(store, id);
  return request?.state === "open" && request.expires > now;
}

/** A person's no: it closes the request for good. */
export function declineRequest(store: Store, id: string, now: number): void {
  store.write(() => closeRequest(store, answerable(store, id, now).id, "declined"));
}

/** What can be answered now, newest first. */
export const requestsToAnswer = (store: Store, now: number): Request[] => openRequests(store, now).map(asRequest);

const asRequest = (stored: StoredRequest): Request => ({ ...stored, operation: Operation.parse(stored.operation) });
