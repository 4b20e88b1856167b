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

/** Keeps a plan under the sha256 of its canonical JSON, which it answers. The same plan is kept once. */
export function putPlan(store: Store, { stack, serial, plan, created }: Omit<StoredPlan, "hash">): string {
  const hash = hashOf(plan);
  const text = canonicalJson(plan);
  store.run("INSERT OR IGNORE INTO plans VALUES (?, ?, ?, ?, ?)", hash, stack, serial, text, created);
  return hash;
}

/** The plan of that hash, whole or by at least 8 of its first characters, where they name one alone. */
export function planOf(store: Store, hash: string): StoredPlan | undefined {
  if (!/^[0-9a-f]{8,64}$/.test(hash)) return undefined;
  const found = store.all(Plan, "SELECT * FROM plans WHERE hash LIKE ? || '%' LIMIT 2", hash);
  return found.length === 1 && found[0] ? intact(store, found[0]) : undefined;
}

/** A stack's plans, newest first. */
export const plansOf = (store: Store, stack: string): StoredPlan[] =>
  store.all(Plan, "SELECT * FROM plans WHERE stack = ? ORDER BY created DESC, rowid DESC", stack);

/** What a person approved is the hash: a plan that no longer has it is not that plan. */
function intact(store: Store, plan: StoredPlan): StoredPlan {
  if (hashOf(plan.plan) === plan.hash) return plan;
  throw damaged(store.folder, `The plan ${plan.hash.slice(0, 12)} is not what it was when it was made.`);
}
