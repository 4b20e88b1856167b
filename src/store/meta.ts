import { randomBytes } from "node:crypto";
import { z } from "zod";
import { jsonOf } from "./json.ts";
import type { Store } from "./store.ts";

const Networks = jsonOf(z.array(z.string()));

/** Called once, when the store is made; nothing in Berth sets it later. */
export const markDemo = (store: Store, networks: readonly string[]) =>
  store.run("INSERT INTO meta (name, value) VALUES ('demo', ?)", JSON.stringify(networks));

/** The lab's networks (CIDR) where the demo or the tests made this store; undefined in everybody else's. */
export const demoNetworks = (store: Store): string[] | undefined =>
  store.get(z.object({ value: Networks }), "SELECT value FROM meta WHERE name = 'demo'")?.value;

const Key = z.string().regex(/^[0-9a-f]{64}$/);

/** 32 random bytes, made when they are first asked for, the same for every process of this state folder. */
export function dialogKey(store: Store): Uint8Array {
  const insert = "INSERT OR IGNORE INTO meta (name, value) VALUES ('dialog_key', ?)";
  const read = () => store.get(z.object({ value: Key }), "SELECT value FROM meta WHERE name = 'dialog_key'")?.value;
  if (read() === undefined) store.run(insert, randomBytes(32).toString("hex"));
  return Buffer.from(Key.parse(read()), "hex");
}
