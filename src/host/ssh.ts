import type { Readable } from "node:stream";
import type { Client } from "ssh2";
import type { BerthError } from "../kit/error.ts";
import { attempt, type SshError } from "./handshake.ts";
import { type HostKey, hostKeyOf, keyUnknown, trustFor } from "./host-key.ts";
import { type AskPassphrase, describeKeys, type Keys, loadKeys, loginMethods, unlock } from "./keys.ts";
import { fingerprintOf } from "./known-hosts.ts";
import { connectionLost, loginRefused, unreachable } from "./ssh-errors.ts";
import type { Target } from "./target.ts";

export interface SshOptions {
  /** The text of known_hosts files. */
  knownHosts: string;
  /** `SHA256:…`: nothing else is accepted. It is the target's own; servers on the way go by known_hosts. */
  expectedHostKey?: string | undefined;
  /** Decides about a server that nothing is known of; without it such a server is refused (`host_key_unknown`). */
  onNewHostKey?: (server: string, key: HostKey) => boolean | Promise<boolean>;
  passphrase?: AskPassphrase;
  /** For the TCP connection, handshake and login together. */
  timeoutMs?: number;
}

/** One logged-in SSH connection. */
export interface Connection {
  readonly ssh: Client;
  /** `user@host:port` */
  readonly name: string;
  readonly hostKey: string;
  /** Settles when it has ended: undefined after close(), else the reason. */
  readonly ended: Promise<BerthError | undefined>;
  /** The reason, once it has ended. */
  lost(): BerthError | undefined;
  close(): Promise<void>;
}

/** Connects and logs in, over the target's jumps. Throws host_unreachable, host_key_*, login_refused, passphrase_needed. */
export async function openSsh(target: Target, options: SshOptions): Promise<Connection> {
  const [leave, sock] = await passJumps(target, options);
  try {
    const connection = await logIn(target, options, sock);
    void connection.ended.then(leave);
    return connection;
  } catch (error) {
    leave();
    throw error;
  }
}

/** The key that a server shows, learnt without logging in. What the connection is trusted with is the caller's decision. */
export async function fetchHostKey(target: Target, options: SshOptions): Promise<HostKey> {
  const [leave, sock] = await passJumps(target, options);
  try {
    const trust = trustFor(target, options.knownHosts, options.expectedHostKey);
    const { shown, error } = await attempt(target, {
      algorithms: trust.offers.flat(),
      methods: [],
      sock,
      accept: () => false,
      timeoutMs: options.timeoutMs,
    });
    if (shown === undefined) throw unreachable(target, error);
    return hostKeyOf(shown);
  } finally {
    leave();
  }
}

/** Opens the way to the target: a socket factory through the last jump, and what closes all of them. */
async function passJumps(
  target: Target,
  options: SshOptions,
): Promise<[() => void, () => Promise<Readable | undefined>]> {
  const opened: Connection[] = [];
  const close = () => {
    for (const connection of opened.toReversed()) connection.ssh.end();
  };
  const through = (next: Target) => {
    const last = opened.at(-1);
    return async () => (last === undefined ? undefined : await forward(last, next));
  };
  try {
    for (const jump of target.jumps) {
      const { expectedHostKey: _, ...rest } = options;
      opened.push(await logIn(jump, rest, through(jump)));
    }
  } catch (error) {
    close();
    throw error;
  }
  return [close, through(target)];
}

const forward = ({ ssh, name }: Connection, to: Target) =>
  new Promise<Readable>((resolve, reject) => {
    const failed = (error: Error) => reject(unreachable(to, error, name));
    try {
      ssh.forwardOut("127.0.0.1", 0, to.host, to.port, (error, channel) => (error ? failed(error) : resolve(channel)));
    } catch (error) {
      failed(error as Error);
    }
  });

/** First with the keys that are at hand; only where these are refused is a person asked for a passphrase. */
async function logIn(
  target: Target,
  options: SshOptions,
  sock: () => Promise<Readable | undefined>,
): Promise<Connection> {
  const keys = await loadKeys(target.identityFiles);
  const first = await logInWith(target, options, sock, { ...keys, agent: target.agent });
  if (!(first instanceof Error)) return first;
  if (keys.locked.length === 0) throw first;
  const opened = { ...keys, open: await unlock(keys, options.passphrase), agent: undefined };
  const second = await logInWith(target, options, sock, opened);
  if (second instanceof Error) throw second;
  return second;
}

interface Credentials {
  open: Keys["open"];
  publicKeys: Buffer[];
  agent: string | undefined;
}

/** Answers the error where the server refused these keys; throws every other. */
async function logInWith(
  target: Target,
  options: SshOptions,
  sock: () => Promise<Readable | undefined>,
  { open, publicKeys, agent }: Credentials,
): Promise<Connection | BerthError> {
  const trust = trustFor(target, options.knownHosts, options.expectedHostKey);
  const accept = (key: Buffer) => trust.judge(key) === "accepted";
  const methods = loginMethods({ ...target, agent }, open, publicKeys);
  let refusal: BerthError | undefined;
  for (const algorithms of trust.offers) {
    const { ssh, shown, error } = await attempt(target, {
      algorithms,
      methods,
      sock,
      accept,
      timeoutMs: options.timeoutMs,
    });
    if (shown === undefined) {
      if (noSuchKey(error)) continue;
      throw unreachable(target, error);
    }
    const verdict = trust.judge(shown);
    if (verdict === "unknown") {
      await confirm(target, options, hostKeyOf(shown));
      return logInWith(target, { ...options, expectedHostKey: fingerprintOf(shown) }, sock, {
        open,
        publicKeys,
        agent,
      });
    }
    if (verdict !== "accepted") {
      refusal ??= verdict;
      continue;
    }
    if (ssh !== undefined) return connectionOver(ssh, target, fingerprintOf(shown));
    if (isRefusal(error)) return loginRefused(target, describeKeys(open, agent), error);
    throw unreachable(target, error);
  }
  throw refusal ?? unreachable(target, new Error("it has no host key of a kind that is accepted"));
}

async function confirm({ host, port }: Target, { onNewHostKey }: SshOptions, key: HostKey): Promise<void> {
  const name = `${host}:${port}`;
  if (!(await onNewHostKey?.(name, key))) throw keyUnknown(name, key);
}

const noSuchKey = (error: SshError | undefined) => /no matching host key/.test(error?.message ?? "");

const isRefusal = (error: SshError | undefined) =>
  error?.level === "client-authentication" || /authentication failures/i.test(error?.message ?? "");

function connectionOver(ssh: Client, { user, host, port }: Target, hostKey: string): Connection {
  // Without it Nagle's algorithm and the server's delayed ACK make every small call 40 ms slower.
  ssh.setNoDelay(true);
  // Everything that waits on this connection listens for its end.
  ssh.setMaxListeners(0);
  const name = `${user}@${host}:${port}`;
  let [reason, closing]: [Error | undefined, boolean] = [undefined, false];
  let lost: BerthError | undefined;
  ssh.on("error", (error) => {
    reason ??= error;
  });
  const ended = new Promise<BerthError | undefined>((resolve) => {
    ssh.on("close", () => {
      lost = connectionLost(name, closing ? new Error("it was closed") : reason);
      resolve(closing ? undefined : lost);
    });
  });
  const close = async () => {
    closing = true;
    ssh.end();
    await ended;
  };
  return { ssh, name, hostKey, ended, lost: () => lost, close };
}
