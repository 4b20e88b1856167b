import { z } from "zod";
import type { Store } from "./store.ts";

const Grant = z.object({
  id: z.string(),
  request: z.string(),
  /** The signed text, byte for byte. */
  body: z.string(),
  /** Ed25519, base64. */
  signature: z.string(),
});
export type StoredGrant = z.infer<typeof Grant>;

export const addGrant = (store: Store, { id, request, body, signature }: StoredGrant): void =>
  store.run("INSERT INTO grants VALUES (?, ?, ?, ?)", id, request, body, signature);

export const grantOf = (store: Store, id: string): StoredGrant | undefined =>
  store.get(Grant, "SELECT * FROM grants WHERE id = ?", id);

/** Grants of an operation, newest first. */
export const grantsFor = (store: Store, operationHash: string): StoredGrant[] =>
  store.all(
    Grant,
    `SELECT grants.* FROM grants JOIN requests ON requests.id = grants.request
     WHERE requests.operation_hash = ? ORDER BY grants.id DESC`,
    operationHash,
  );

export const addSpending = (store: Store, grant: string, part: string, run: string): void =>
  store.run("INSERT INTO spendings VALUES (?, ?, ?)", grant, part, run);

const Spending = z.object({ part: z.string(), run: z.string() });

/** Which parts of a grant are spent, and the run of each. */
export const spendingsOf = (store: Store, grant: string): { part: string; run: string }[] =>
  store.all(Spending, "SELECT part, run FROM spendings WHERE grant_id = ? ORDER BY part", grant);
