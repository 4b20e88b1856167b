import { z } from "zod";
import { jsonOf } from "./json.ts";
import type { Store } from "./store.ts";

const Server = z
  .object({
    name: z.string(),
    /** `ssh://user@host:port`, or what a driver made it from. */
    target: z.string(),
    /** `SHA256:…` of the pinned host key; null until a person has accepted one. */
    host_key: z.string().nullable(),
    /** What a survey or a driver found, as plain data. */
    facts: jsonOf(z.unknown()),
    updated: z.string(),
  })
  .transform(({ host_key: hostKey, ...server }) => ({ ...server, hostKey }));
export type StoredServer = z.infer<typeof Server>;

export const putServer = (store: Store, { name, target, hostKey, facts, updated }: StoredServer): void =>
  store.run(
    "INSERT OR REPLACE INTO servers VALUES (?, ?, ?, ?, ?)",
    name,
    target,
    hostKey,
    JSON.stringify(facts),
    updated,
  );

export const serverOf = (store: Store, name: string): StoredServer | undefined =>
  store.get(Server, "SELECT * FROM servers WHERE name = ?", name);

export const servers = (store: Store): StoredServer[] => store.all(Server, "SELECT * FROM servers ORDER BY name");

export const removeServer = (store: Store, name: string): void => store.run("DELETE FROM servers WHERE name = ?", name);
