import { z } from "zod";
import type { Store } from "./store.ts";

const Stack = z
  .object({
    name: z.string(),
    server: z.string(),
    /** Hash of the plan that was applied whole; null before the first. */
    applied_plan: z.string().nullable(),
    /** Grows with each plan that is applied. */
    serial: z.number(),
    updated: z.string(),
  })
  .transform(({ applied_plan: appliedPlan, ...stack }) => ({ ...stack, appliedPlan }));
export type StoredStack = z.infer<typeof Stack>;

export const putStack = (store: Store, { name, server, appliedPlan, serial, updated }: StoredStack): void =>
  store.run("INSERT OR REPLACE INTO stacks VALUES (?, ?, ?, ?, ?)", name, server, appliedPlan, serial, updated);

export const stackOf = (store: Store, name: string): StoredStack | undefined =>
  store.get(Stack, "SELECT * FROM stacks WHERE name = ?", name);

export const stacks = (store: Store): StoredStack[] => store.all(Stack, "SELECT * FROM stacks ORDER BY name");

export const removeStack = (store: Store, name: string): void => store.run("DELETE FROM stacks WHERE name = ?", name);
