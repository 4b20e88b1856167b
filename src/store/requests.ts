import { z } from "zod";
import { jsonOf } from "./json.ts";
import type { Store } from "./store.ts";

const Request = z
  .object({
    id: z.string(),
    operation_hash: z.string(),
    operation: jsonOf(z.unknown()),
    /** Facts that the operation was shown against: their name, and a text that changes with them. */
    base: jsonOf(z.record(z.string(), z.string())),
    state: z.enum(["open", "granted", "declined"]),
    /** Milliseconds since 1970, as is `expires`. */
    created: z.number(),
    expires: z.number(),
  })
  .transform(({ operation_hash: operationHash, ...request }) => ({ ...request, operationHash }));
export type StoredRequest = z.infer<typeof Request>;

export function addRequest(store: Store, request: StoredRequest): void {
  const { id, operationHash, operation, base, state, created, expires } = request;
  const insert = "INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?)";
  store.run(insert, id, operationHash, JSON.stringify(operation), JSON.stringify(base), state, created, expires);
}

export const requestOf = (store: Store, id: string): StoredRequest | undefined =>
  store.get(Request, "SELECT * FROM requests WHERE id = ?", id);

/** Open requests that have not run out, newest first. */
export const openRequests = (store: Store, now: number): StoredRequest[] =>
  store.all(Request, "SELECT * FROM requests WHERE state = 'open' AND expires > ? ORDER BY id DESC", now);

/** An answer is given once: nothing changes where the request is no longer open. */
export const closeRequest = (store: Store, id: string, state: "granted" | "declined"): void =>
  store.run("UPDATE requests SET state = ? WHERE id = ? AND state = 'open'", state, id);
