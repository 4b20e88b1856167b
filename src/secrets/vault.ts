import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { canonicalJson } from "../kit/canonical.ts";
import { BerthError } from "../kit/error.ts";
import { addSecret, allSecrets, removeSecret, type SealedSecret, secretOf, secretsOf } from "../store/secrets.ts";
import type { Store } from "../store/store.ts";
import { type Secret, secret } from "./value.ts";

interface SecretVersion {
  name: string;
  /** From 1. */
  version: number;
  created: string;
}

/** Values that a person set, by stack and name, sealed in the store. Older versions stay until they are removed. */
export interface Vault {
  /** Answers the new version; the same value again is no new version. */
  set(stack: string, name: string, value: Secret): number;
  /** The newest, or that version; undefined where it is not set. Throws `secret_unreadable`. */
  get(stack: string, name: string, version?: number): Secret | undefined;
  list(stack: string): SecretVersion[];
  /** Every version of every stack's; one that cannot be read is left out. */
  values(): Secret[];
  remove(stack: string, name: string, version: number): void;
}

/** `key`: 32 bytes, from `secretsKey`. */
export function openVault(store: Store, key: Uint8Array, now: () => Date): Vault {
  const get = (stack: string, name: string, version?: number) => {
    const found = secretOf(store, stack, name, version);
    return found && unseal(key, found);
  };
  return {
    get,
    list: (stack) => secretsOf(store, stack),
    values: () => allSecrets(store).flatMap((sealed) => readable(key, sealed) ?? []),
    remove: (stack, name, version) => removeSecret(store, stack, name, version),
    set: (stack, name, value) =>
      store.write(() => {
        const newest = secretOf(store, stack, name)?.version ?? 0;
        if (newest > 0 && get(stack, name)?.reveal() === value.reveal()) return newest;
        const place = { stack, name, version: newest + 1 };
        addSecret(store, { ...place, ...seal(key, place, value), created: now().toISOString() });
        return place.version;
      }),
  };
}

type Place = Pick<SealedSecret, "stack" | "name" | "version">;

/** Bound into the seal, so that a row moved to another name or version does not open. */
const placeOf = ({ stack, name, version }: Place) => Buffer.from(canonicalJson([stack, name, version]));

function seal(key: Uint8Array, place: Place, value: Secret): { iv: Uint8Array; sealed: Uint8Array } {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(placeOf(place));
  return { iv, sealed: Buffer.concat([cipher.update(value.reveal(), "utf8"), cipher.final(), cipher.getAuthTag()]) };
}

function readable(key: Uint8Array, sealed: SealedSecret): Secret | undefined {
  try {
    return unseal(key, sealed);
  } catch {
    return undefined;
  }
}

function unseal(key: Uint8Array, { iv, sealed, ...place }: SealedSecret): Secret {
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: 16 }).setAAD(placeOf(place));
    decipher.setAuthTag(sealed.subarray(-16));
    return secret(Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]).toString("utf8"));
  } catch {
    throw new BerthError({
      code: "secret_unreadable",
      message: "A secret cannot be read.",
      object: `${place.stack}/${place.name}`,
      cause: "It was sealed with another key, or was changed since.",
      next: `Set it anew: berth secrets set ${place.name}`,
    });
  }
}
