import { readFile } from "node:fs/promises";
import { z } from "zod";
import { connectSsh } from "../host/connect.ts";
import type { Host } from "../host/host.ts";
import { resolveTarget, type Target } from "../host/target.ts";
import { BerthError } from "../kit/error.ts";
import { putServer, type StoredServer, serverOf, servers } from "../store/servers.ts";
import type { Store } from "../store/store.ts";
import type { Config } from "./config.ts";

const Facts = z.object({
  identityFile: z.string().optional(),
  /** Where the name led when it was last used: a machine has one host key, whoever logs in. */
  host: z.string().optional(),
  port: z.int().optional(),
});

/** What a person calls a server, and how it is reached. */
export interface NamedTarget {
  name: string;
  target: Target;
  /** The pinned host key; undefined until a person has approved a plan that shows it. */
  pinned: string | undefined;
  /** What `noteServer` notes of it. */
  stored: StoredServer;
}

/** A known server by its name, else any address that ssh takes. Throws `server_name_taken`. */
export async function findServer(config: Config, store: Store, wanted: string): Promise<NamedTarget> {
  const known = serverOf(store, wanted) ?? servers(store).find(({ target }) => target === wanted);
  const server = known ?? { name: "", target: wanted, hostKey: null, facts: {}, updated: "" };
  const identityFile = config.identityFile ?? Facts.parse(server.facts).identityFile;
  const target = await resolveTarget(server.target, {
    env: config.env,
    ...(identityFile !== undefined && { identityFile }),
  });
  const name = server.name || nameOf(target);
  const { host, port } = target;
  const named = known ? undefined : serverOf(store, name);
  if (named) {
    await assertSame(config, named, target);
    return findServer(config, store, name);
  }
  const hostKey = known?.hostKey ?? pinOf(store, host, port);
  const facts = { identityFile, host, port };
  const stored = { name, target: server.target, hostKey, facts, updated: new Date().toISOString() };
  if (known) putServer(store, stored);
  return { name, target, pinned: hostKey ?? undefined, stored };
}

/** A new server is known from when it first let us in, its key not yet pinned: a misspelt address is no server of anybody's. */
export function noteServer(store: Store, { name, stored }: NamedTarget): void {
  if (!serverOf(store, name)) putServer(store, stored);
}

/** A name that a person gave stays theirs: whoever names `ssh://root@prod` does not change where their `prod` leads. */
async function assertSame({ env }: Config, { name, target: text }: StoredServer, target: Target): Promise<void> {
  const { host, port, user } = await resolveTarget(text, { env });
  if (host === target.host && port === target.port && user === target.user) return;
  throw new BerthError({
    code: "server_name_taken",
    message: "Another server has the name that this address would get.",
    object: name,
    cause: `${name} is known here as ${text}.`,
    next: `Name that one by its name, ${name}; for the other, give it a name: berth servers add NAME ADDRESS`,
  });
}

/** What is pinned for this machine under another name. */
function pinOf(store: Store, host: string, port: number): string | null {
  const same = servers(store).find(({ facts, hostKey }) => {
    const at = Facts.parse(facts);
    return hostKey !== null && at.host === host && at.port === port;
  });
  return same?.hostKey ?? null;
}

/** Two users of one machine are two ways in, so they are two names. */
const nameOf = ({ user, host, port }: Target) =>
  `${user === "root" ? "" : `${user}@`}${host}${port === 22 ? "" : `:${port}`}`;

/** From now on this server is known by this key, and by no other. */
export function pinServer(store: Store, name: string, hostKey: string): void {
  const server = serverOf(store, name);
  if (server && server.hostKey === null) putServer(store, { ...server, hostKey, updated: new Date().toISOString() });
}

/**
 * Logs in. A server of which nothing is known is let in for looking at it: its key is part of the plan, a person approves
 * it with the plan, and from then on it is pinned. Logging in by key gives nothing away to a false server.
 */
export async function connect(server: NamedTarget, expected = server.pinned): Promise<Host> {
  const { target, pinned } = server;
  const files = await Promise.all(target.knownHostsFiles.map((path) => readFile(path, "utf8").catch(() => "")));
  try {
    return await connectSsh(target, {
      knownHosts: files.join("\n"),
      ...(expected !== undefined && { expectedHostKey: expected }),
      onNewHostKey: () => true,
    });
  } catch (error) {
    const pinDecided = pinned !== undefined && pinned === expected;
    throw pinDecided && error instanceof BerthError && error.code === "host_key_changed"
      ? forgettable(error, server)
      : error;
  }
}

/** The old key is a pin of ours: no known_hosts holds it, so only we can forget it. */
function forgettable(error: BerthError, { name, target }: NamedTarget): BerthError {
  const anew = name === nameOf(target) ? "" : ` and add it again (berth servers add ${name} ADDRESS)`;
  return new BerthError({
    ...error.toJSON(),
    next: `Compare with the provider's console. If the new key is right, forget the old one (berth servers remove ${name})${anew}, then the same command again.`,
  });
}
