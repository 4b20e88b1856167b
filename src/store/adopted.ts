import { z } from "zod";
import { jsonOf } from "./json.ts";
import type { Store } from "./store.ts";

/** Plans that a stack's server kept when this computer took the stack over, newest first: it has no runs of them. */
const Adopted = z.object({ at: z.string(), plans: z.array(z.string()) });
type Adopted = z.infer<typeof Adopted>;

const nameOf = (stack: string) => `adopted.${stack}`;

export const putAdopted = (store: Store, stack: string, adopted: Adopted): void =>
  store.run("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", nameOf(stack), JSON.stringify(adopted));

export const adoptedOf = (store: Store, stack: string): Adopted | undefined =>
  store.get(z.object({ value: jsonOf(Adopted) }), "SELECT value FROM meta WHERE name = ?", nameOf(stack))?.value;
