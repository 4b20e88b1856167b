import { randomBytes } from "node:crypto";
import type { EnvSource, SecretUse } from "../../plan/schema.ts";

/**
 * Made-up values for every secret of a plan, of the planned length or, for what a person gave, of the real value's length:
 * trying an image needs no real secret. Hex digits are in every alphabet that a plan can name.
 */
export function madeUp(secrets: readonly SecretUse[], lengthOf: (name: string) => number): ReadonlyMap<string, string> {
  return new Map(
    secrets.map((secret) => {
      const length = secret.origin === "generated" ? secret.length : lengthOf(secret.name);
      return [secret.name, randomBytes(length).toString("hex").slice(0, length)];
    }),
  );
}

/** `NAME=value` lines as the Engine takes them. */
export function environment(env: Readonly<Record<string, EnvSource>>, values: ReadonlyMap<string, string>): string[] {
  const secret = (name: string) => values.get(name) ?? "";
  const render = (source: EnvSource): string => {
    if (source.from === "value") return source.value;
    if (source.from === "secret") return secret(source.secret);
    return source.parts.map((part) => (typeof part === "string" ? part : secret(part.secret))).join("");
  };
  return Object.entries(env).map(([name, source]) => `${name}=${render(source)}`);
}

/** Names of the secrets that these variables hold. */
export const secretsOf = (env: Readonly<Record<string, EnvSource>>): Set<string> =>
  new Set(
    Object.values(env).flatMap((source) => {
      if (source.from === "value") return [];
      if (source.from === "secret") return [source.secret];
      return source.parts.flatMap((part) => (typeof part === "string" ? [] : [part.secret]));
    }),
  );
