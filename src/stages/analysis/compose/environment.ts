import { isGeneratable, isSecret } from "../env-names.ts";
import type { EnvFinding } from "../findings.ts";
import type { Evidence } from "../schema.ts";
import { type ComposeService, filled } from "./file.ts";

export interface ComposeEnvironment {
  /** What the file says, but for what looks like a secret. */
  values: Record<string, string>;
  at: Record<string, Evidence>;
  env: EnvFinding[];
}

/** `//user:password@` in an address: Berth's own store has its own, so this one goes nowhere. */
const password = /(\/\/[^/@:\s]*):[^/@\s]*@/g;

/** `environment`, as a map or a list. `isStore`: whether a host is a datastore's name in the file. */
export function environmentOf({ said, at }: ComposeService, isStore: (host: string) => boolean): ComposeEnvironment {
  const found: ComposeEnvironment = { values: {}, at: {}, env: [] };
  for (const { name, text, key } of pairsOf(said.environment)) {
    if (!/^[A-Za-z_]\w*$/.test(name)) continue;
    const evidence = at(["environment", key], "environment");
    const { text: value, missing } = filled(text ?? "");
    const points = isStore(hostOf(value));
    const add = (usage: EnvFinding["usage"]) => found.env.push({ name, usage, evidence: [evidence] });
    if (points) {
      set(name, value.replaceAll(password, "$1@"), evidence);
      add("optional");
    } else if (text === null || missing.length > 0) add("plain");
    else if (isSecret(name) || carriesPassword(value)) add(isGeneratable(name) || value !== "" ? "plain" : "optional");
    else {
      set(name, value, evidence);
      add("optional");
    }
  }
  return found;

  function set(name: string, value: string, evidence: Evidence): void {
    found.values[name] = value;
    found.at[name] = evidence;
  }
}

/** Both forms as one; a name alone takes its value from whoever starts it. */
export function pairsOf(
  pairs: ComposeService["said"]["environment"],
): { name: string; text: string | null; key: string | number }[] {
  if (!pairs) return [];
  if (!Array.isArray(pairs)) return Object.entries(pairs).map(([name, text]) => ({ name, text, key: name }));
  return pairs.map((entry, key) => {
    const equals = entry.indexOf("=");
    return equals < 0
      ? { name: entry, text: null, key }
      : { name: entry.slice(0, equals), text: entry.slice(equals + 1), key };
  });
}

/** Of `db`, `db:5432` and `postgres://user:password@db:5432/name`. */
const hostOf = (value: string): string =>
  /^[a-z][a-z0-9+.-]*:\/\/(?:[^@/?#\s]*@)?([^:/?#@\s,]+)/i.exec(value)?.[1] ??
  /^([\w.-]+)(?::\d+)?$/.exec(value)?.[1] ??
  "";

const carriesPassword = (value: string) => /\/\/[^/@:\s]*:[^/@\s]+@/.test(value);
