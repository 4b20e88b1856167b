import { readFile } from "node:fs/promises";
import ssh2, { type AgentAuthMethod, type BaseAgent, type ParsedKey, type PublicKeyAuthMethod } from "ssh2";
import { BerthError } from "../kit/error.ts";
import { fingerprintOf } from "./known-hosts.ts";
import type { Target } from "./target.ts";

/** Asks the person for the passphrase of a key file; undefined when they give none. */
export type AskPassphrase = (keyFile: string) => Promise<string | undefined>;

/** The private keys of a target's files. Passwords are never a way in. */
export interface Keys {
  open: { path: string; key: ParsedKey }[];
  /** Encrypted ones: their owner is asked only when nothing else opened the server. */
  locked: { path: string; text: string }[];
  /** The public half of each, as far as it can be known without a passphrase. */
  publicKeys: Buffer[];
}

export async function loadKeys(identityFiles: readonly string[]): Promise<Keys> {
  const keys: Keys = { open: [], locked: [], publicKeys: [] };
  for (const path of new Set(identityFiles)) {
    const text = await textOf(path);
    const key = text === undefined ? undefined : ssh2.utils.parseKey(text);
    if (text !== undefined && key instanceof Error && /no passphrase given/.test(key.message))
      keys.locked.push({ path, text });
    if (key !== undefined && !(key instanceof Error)) keys.open.push({ path, key });
    const half = ssh2.utils.parseKey((await textOf(`${path}.pub`)) ?? "");
    if (!(half instanceof Error)) keys.publicKeys.push(half.getPublicSSH());
  }
  return keys;
}

const textOf = (path: string) => readFile(path, "utf8").catch(() => undefined);

/** Opens encrypted keys with what the person answers; three tries each. Throws `passphrase_needed` when none opens. */
export async function unlock(keys: Keys, ask: AskPassphrase | undefined): Promise<Keys["open"]> {
  const opened: Keys["open"] = [];
  for (const { path, text } of keys.locked) {
    for (let tries = 0; tries < 3 && ask !== undefined; tries++) {
      const passphrase = await ask(path);
      if (passphrase === undefined) break;
      const key = ssh2.utils.parseKey(text, passphrase);
      if (key instanceof Error) continue;
      opened.push({ path, key });
      break;
    }
  }
  if (opened.length === 0) throw passphraseNeeded(keys.locked.map(({ path }) => path));
  return opened;
}

/** What ssh2 tries, in order: keys from files first, since a server counts tries and an agent may hold many. */
export function loginMethods(
  { user, agent, identitiesOnly }: Pick<Target, "user" | "agent" | "identitiesOnly">,
  open: Keys["open"],
  publicKeys: Buffer[],
): (PublicKeyAuthMethod | AgentAuthMethod)[] {
  const files = open.map(({ key }): PublicKeyAuthMethod => ({ type: "publickey", username: user, key }));
  if (agent === undefined) return files;
  return [
    ...files,
    { type: "agent", username: user, agent: preferring(publicKeys, identitiesOnly, ssh2.createAgent(agent)) },
  ];
}

/** The same agent, its keys that belong to identity files in front, or they alone. */
function preferring(publicKeys: Buffer[], only: boolean, agent: BaseAgent): BaseAgent {
  const isPreferred = (key: ParsedKey) => publicKeys.some((known) => known.equals(key.getPublicSSH()));
  const getIdentities: BaseAgent["getIdentities"] = (done) =>
    agent.getIdentities((error, keys) => {
      // The agent of ssh2 answers parsed keys; its type allows more.
      const parsed = (keys ?? []) as ParsedKey[];
      const preferred = parsed.filter(isPreferred);
      done(error, only ? preferred : [...preferred, ...parsed.filter((key) => !isPreferred(key))]);
    });
  return Object.assign(Object.create(agent) as BaseAgent, { getIdentities });
}

/** For messages: which keys were offered. */
export function describeKeys(open: Keys["open"], agent: string | undefined): string {
  const files = open.map(({ path, key }) => `${path} (${fingerprintOf(key.getPublicSSH())})`);
  const tried = [...files, ...(agent === undefined ? [] : ["the keys of the SSH agent"])];
  return tried.length === 0 ? "no key was found to try" : `tried ${tried.join(", ")}`;
}

const passphraseNeeded = (paths: string[]) =>
  new BerthError({
    code: "passphrase_needed",
    message: "The server did not let us in, and the keys that are left are encrypted.",
    object: paths.join(", "),
    cause: "No passphrase was given that opens one of them.",
    // A run goes on without the terminal that it was started from, so nobody could be asked there.
    next: `Add the key to the agent, then run the command again: ssh-add ${paths[0]}`,
  });
