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
