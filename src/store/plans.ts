import { z } from "zod";
import { canonicalJson, hashOf } from "../kit/canonical.ts";
import { damaged } from "./failure.ts";
import { jsonOf } from "./json.ts";
import type { Store } from "./store.ts";

const Plan = z.object({
  hash: z.string(),
  stack: z.string(),
  serial: z.number(),
  plan: jsonOf(z.unknown()),
  created: z.string(),
});
export type StoredPlan = z.infer<typeof Plan>;

/**
 * Keeps a plan under the sha256 of its canonical JSON, which it answers. The same plan is kept once, as made when it was
 * made last: in a conversation that comes back to it, it is the newest again.
 */
export function putPlan(store: Store, { stack, serial, plan, created }: Omit<StoredPlan, "hash">): string {
  const hash = hashOf(plan);
  const text = canonicalJson(plan);
  const again = "ON CONFLICT (hash) DO UPDATE SET serial = excluded.serial, created = excluded.created";
  store.run(`INSERT INTO plans VALUES (?, ?, ?, ?, ?) ${again}`, hash, stack, serial, text, created);
  return hash;
}

/** The plan of that hash, whole or by at least 8 of its first characters, where they name one alone. */
export function planOf(store: Store, hash: string): StoredPlan | undefined {
  if (!/^[0-9a-f]{8,64}$/.test(hash)) return undefined;
  const found = store.all(Plan, "SELECT * FROM plans WHERE hash LIKE ? || '%' LIMIT 2", hash);
  return found.length === 1 && found[0] ? intact(store, found[0]) : undefined;
}

/** The newest plan of the same stack that was made before this one. */
export function planBefore(store: Store, { hash, stack }: Pick<StoredPlan, "hash" | "stack">): StoredPlan | undefined {
  const earlier = "(created, rowid) < (SELECT created, rowid FROM plans WHERE hash = ?)";
  const sql = `SELECT * FROM plans WHERE stack = ? AND ${earlier} ORDER BY created DESC, rowid DESC LIMIT 1`;
  const found = store.get(Plan, sql, stack, hash);
  return found && intact(store, found);
}

/** Plans without what is in them, newest first, of one stack or of all. */
export const planLines = (
  store: Store,
  { stack, most }: { stack: string | undefined; most: number },
): Pick<StoredPlan, "hash" | "stack" | "created">[] =>
  store.all(
    Plan.pick({ hash: true, stack: true, created: true }),
    `SELECT hash, stack, created FROM plans WHERE ?1 IS NULL OR stack = ?1 ORDER BY created DESC, rowid DESC LIMIT ?2`,
    stack ?? null,
    most,
  );

/** What a person approved is the hash: a plan that no longer has it is not that plan. */
function intact(store: Store, plan: StoredPlan): StoredPlan {
  if (hashOf(plan.plan) === plan.hash) return plan;
  throw damaged(store.folder, `The plan ${plan.hash.slice(0, 12)} is not what it was when it was made.`);
}
