import { BerthError } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";

/** Where a git server is, without credentials: `url` is what git is given and what people are shown. */
export interface GitAddress {
  transport: "https" | "http" | "ssh";
  url: string;
  host: string;
  port: number;
  /** The name before the `@`, where the address has one. */
  user: string | null;
}

/** A git address, and the password or token that somebody wrote into it: it goes no further than git's own question for it. */
export interface ParsedAddress {
  address: GitAddress;
  token: string | null;
}

const ports = { https: 443, http: 80, ssh: 22 } as const;
const scpLike = /^(?:([A-Za-z0-9._-]+)@)([A-Za-z0-9._-]+):(?!\/\/)(.+)$/;

/**
 * A git address as people paste it: https://, ssh://, http:// (refused later unless allowed) or `git@host:path`.
 * undefined where the text is none of these; throws `protocol_refused` for what git could run or read locally.
 */
export function parseAddress(text: string): ParsedAddress | undefined {
  if (/^[A-Za-z][A-Za-z0-9+.-]*::/.test(text)) throw refused(text, "Git would start a program of that name.");
  const scp = scpLike.exec(text);
  if (scp) return { address: sshAddress(scp[1] ?? null, scp[2] ?? "", 22, scp[3] ?? ""), token: null };
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text)) return undefined;
  const url = URL.parse(text);
  const transport = url?.protocol.replace(/^(?:git\+)?(\w+):$/, "$1");
  if (!url || (transport !== "https" && transport !== "http" && transport !== "ssh")) {
    throw refused(text, "Only https:// and ssh:// prove which server answers, and neither reads this machine.");
  }
  const path = url.pathname.replace(/\/+$/, "");
  if (!url.hostname || path === "" || startsLikeAnOption(url.hostname, path))
    throw refused(text, "It names no host and path.");
  const user = url.username === "" ? null : decoded(url.username);
  const token = url.password === "" ? null : decoded(url.password);
  if (transport === "ssh")
    return { address: sshAddress(user, url.hostname, Number(url.port || 22), path), token: null };
  const port = Number(url.port || ports[transport]);
  const address: GitAddress = {
    transport,
    url: `${transport}://${url.host}${path}`,
    host: bare(url.hostname),
    port,
    user,
  };
  return { address, token };
}

function sshAddress(user: string | null, host: string, port: number, path: string): GitAddress {
  if (startsLikeAnOption(host, user ?? "", path)) throw refused(`${host}:${path}`, "A part of it starts with a dash.");
  const at = `${user ?? "git"}@${host}${port === 22 ? "" : `:${port}`}`;
  // `git@host:path` is relative to the login's home, which ssh:// spells /~/; servers for git do not tell the two apart.
  const url = `ssh://${at}/${path.replace(/^\/+/, "")}`;
  return { transport: "ssh", url, host: bare(host), port, user: user ?? "git" };
}

const startsLikeAnOption = (...parts: string[]) => parts.some((part) => part.startsWith("-"));
/** Percent signs that encode nothing stay as they are. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const bare = (host: string) => host.replace(/^\[|\]$/g, "");

const refused = (text: string, cause: string) =>
  new BerthError({
    code: "protocol_refused",
    message: "This kind of git address is not used.",
    object: cleanLine(text.replace(/\/\/[^/@]*@/, "//")),
    cause,
    next: "Give the address as https://HOST/PATH or ssh://git@HOST/PATH, or a folder on this machine.",
  });
