import { join } from "node:path";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { runLocal } from "./local.ts";

/** Where a server is and how to log in there. */
export interface Target {
  /** A name or an address, as TCP takes it. */
  host: string;
  port: number;
  user: string;
  /** Private keys in the order in which they are tried; those that do not exist are passed over. */
  identityFiles: string[];
  /** Of the agent's keys only those of identityFiles are tried. */
  identitiesOnly: boolean;
  /** The agent's socket. */
  agent: string | undefined;
  knownHostsFiles: string[];
  /** The servers on the way there, the one next to us first. */
  jumps: Target[];
}

/** What a person typed; what is left out comes from their SSH configuration. */
export interface Address {
  host: string;
  port?: number;
  user?: string;
}

export interface ResolveOptions {
  /** PATH, HOME, USER and SSH_AUTH_SOCK of the person who asks. */
  env: Readonly<Record<string, string | undefined>>;
  /** Instead of ~/.ssh/config and /etc/ssh/ssh_config. */
  configFile?: string;
  /** As `ssh -i`: tried first. */
  identityFile?: string;
}

const form =
  /^(?:ssh:\/\/)?(?:(?<user>[^@/\s-][^@/\s]*)@)?(?:\[(?<v6>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?<host>\w[\w.-]*))(?::(?<port>\d{1,5}))?\/?$/;

/** `ssh://[user@]host[:port]`, `user@host`, or a name of the SSH configuration; IPv6 in brackets. Throws `bad_address`. */
export function parseAddress(text: string): Address {
  const { user: written, v6, host = v6, port } = form.exec(text)?.groups ?? {};
  if (host === undefined || Number(port ?? 22) < 1 || Number(port ?? 22) > 65_535) throw badAddress(text);
  const user = text.startsWith("ssh://") ? decoded(written) : written;
  if (user !== undefined && !login.test(user)) throw badAddress(text);
  return { host, ...(port !== undefined && { port: Number(port) }), ...(user !== undefined && { user }) };
}

/** It stands before the host where a person approves a server: with an @ or a space in it, it could pass for another host. */
const login = /^[\p{L}\p{N}_][\p{L}\p{N}_.+\\-]{0,63}$/u;

/** What is encoded wrongly stays as it is, and is no login. */
function decoded(user: string | undefined): string | undefined {
  try {
    return user && decodeURIComponent(user);
  } catch {
    return user;
  }
}

/**
 * Completes an address from the person's SSH configuration. `ssh -G` answers, since only it knows every Include, Match
 * and token as their own `ssh` does; a machine without a client has no such configuration, and there the defaults hold.
 */
export async function resolveTarget(text: string, options: ResolveOptions): Promise<Target> {
  const target = await resolve(parseAddress(text), options, 0);
  // `ssh -i` ignores a file that is not there; connectSsh says which one a person named in vain.
  if (options.identityFile !== undefined) target.identityFiles.unshift(options.identityFile);
  return target;
}

async function resolve(address: Address, options: ResolveOptions, depth: number): Promise<Target> {
  if (depth > 8) throw unsupported(address.host, "its ProxyJump entries lead in a circle");
  const settings = parseSettings(await askClient(address, options));
  const target = targetFrom(address, settings, options.env);
  const command = settings.get("proxycommand")?.[0] ?? "none";
  if (command !== "none") throw unsupported(address.host, "it is reached by a ProxyCommand");
  const jumps = (settings.get("proxyjump")?.[0] ?? "none").split(",").filter((jump) => jump !== "none");
  for (const jump of jumps) {
    const hop = await resolve(parseAddress(jump), options, depth + 1);
    // A list is walked as written, so only its first server may need a jump of its own.
    target.jumps.push(...(target.jumps.length === 0 ? hop.jumps : []), { ...hop, jumps: [] });
  }
  return target;
}

/** The client's answer; empty where there is no client. */
async function askClient({ host, port, user }: Address, options: ResolveOptions): Promise<string> {
  const { env, configFile } = options;
  const flags = [
    ...(configFile === undefined ? [] : ["-F", configFile]),
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...(user === undefined ? [] : ["-l", user]),
  ];
  const defined = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  try {
    const { code, stdout, stderr } = await runLocal(["ssh", "-G", ...flags, host], { env: defined, timeoutMs: 15_000 });
    if (code !== 0) throw unsupported(host, cleanLine(stderr) || "ssh -G did not end in 15 s");
    return stdout;
  } catch (error) {
    if (error instanceof BerthError && error.code === "program_missing") return "";
    throw error;
  }
}

/** `ssh -G` prints one `keyword value` a line; a keyword may come again. */
function parseSettings(text: string): Map<string, string[]> {
  const settings = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [, keyword, value] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    if (keyword !== undefined && value !== undefined) settings.set(keyword, [...(settings.get(keyword) ?? []), value]);
  }
  return settings;
}

function targetFrom(address: Address, settings: Map<string, string[]>, env: ResolveOptions["env"]): Target {
  const first = (keyword: string) => settings.get(keyword)?.[0];
  const home = env.HOME ?? "/";
  const host = first("hostname") ?? address.host;
  const user = address.user ?? first("user") ?? env.USER ?? "root";
  const expand = (path: string) => expandPath(path, { d: home, h: host, r: user, u: env.USER ?? "", "%": "%" });
  const files = (text: string[]) => text.flatMap(expand).map((path) => path.replace(/^~(?=\/)/, home));
  const defaults = ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join("~/.ssh", name));
  const known = [
    first("userknownhostsfile") ?? "~/.ssh/known_hosts",
    first("globalknownhostsfile") ?? "/etc/ssh/ssh_known_hosts",
  ];
  return {
    host,
    port: address.port ?? Number(first("port") ?? 22),
    user,
    identityFiles: files(settings.get("identityfile") ?? defaults),
    identitiesOnly: first("identitiesonly") === "yes",
    agent: agentFrom(first("identityagent"), env, files),
    knownHostsFiles: files(known.flatMap((list) => list.split(" "))).filter((path) => path !== "none"),
    jumps: [],
  };
}

/** Tokens that we do not know leave the file out: a guess could offer the wrong key. */
function expandPath(path: string, tokens: Record<string, string>): string[] {
  let known = true;
  const expanded = path.replace(/%(.)/g, (_, token: string) => {
    if (tokens[token] === undefined) known = false;
    return tokens[token] ?? "";
  });
  return known ? [expanded] : [];
}

function agentFrom(setting: string | undefined, env: ResolveOptions["env"], files: (text: string[]) => string[]) {
  if (setting === undefined || setting === "SSH_AUTH_SOCK") return env.SSH_AUTH_SOCK;
  if (setting === "none") return undefined;
  return setting.startsWith("$") ? env[setting.replace(/[${}]/g, "")] : files([setting])[0];
}

const badAddress = (text: string) =>
  new BerthError({
    code: "bad_address",
    message: "This is no address of a server.",
    object: cleanLine(text, 200),
    cause: "An address is ssh://user@host:port, user@host, or a name from ~/.ssh/config.",
    next: "Name the server as, for example, ssh://root@192.0.2.1.",
  });

const unsupported = (host: string, cause: string) =>
  new BerthError({
    code: "ssh_config_unsupported",
    message: "The SSH configuration for this server cannot be used.",
    object: cleanLine(host, 200),
    cause,
    next: "Give the server's own address, as ssh://user@host:port, or reach it by ProxyJump.",
  });
