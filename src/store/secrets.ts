import { z } from "zod";
import type { Store } from "./store.ts";

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);

/** One version of a secret, sealed: the store never sees the value. */
const Sealed = z.object({
  stack: z.string(),
  name: z.string(),
  /** From 1; a new value is a new version. */
  version: z.number(),
  iv: bytes,
  sealed: bytes,
  created: z.string(),
});
export type SealedSecret = z.infer<typeof Sealed>;

export const addSecret = (store: Store, { stack, name, version, iv, sealed, created }: SealedSecret): void =>
  store.run("INSERT INTO secrets VALUES (?, ?, ?, ?, ?, ?)", stack, name, version, iv, sealed, created);

/** That version, or the newest. */
export const secretOf = (store: Store, stack: string, name: string, version?: number): SealedSecret | undefined =>
  store.get(
    Sealed,
    `SELECT * FROM secrets WHERE stack = ?1 AND name = ?2 AND (?3 IS NULL OR version = ?3)
     ORDER BY version DESC LIMIT 1`,
    stack,
    name,
    version ?? null,
  );

/** All versions of every stack's. */
export const allSecrets = (store: Store): SealedSecret[] => store.all(Sealed, "SELECT * FROM secrets");

const Listed = z.object({ name: z.string(), version: z.number(), created: z.string() });

/** A stack's secrets by name, all versions, oldest first. */
export const secretsOf = (store: Store, stack: string): { name: string; version: number; created: string }[] =>
  store.all(Listed, "SELECT name, version, created FROM secrets WHERE stack = ? ORDER BY name, version", stack);

export const removeSecret = (store: Store, stack: string, name: string, version: number): void =>
  store.run("DELETE FROM secrets WHERE stack = ? AND name = ? AND version = ?", stack, name, version);
