import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { BerthError } from "../kit/error.ts";
import type { BuildContext } from "../stages/context.ts";
import { contentHash, defaultLimits, folderWithin, listContext } from "../stages/source/context.ts";
import { type Resolved, resolve } from "../stages/source/fetch.ts";
import type { ResolvedImage } from "../stages/source/image.ts";
import { parseSource, type Source } from "../stages/source/parse.ts";
import type { Config } from "./config.ts";
import { resolveImageSource } from "./image-source.ts";
import { refuseState } from "./refused-folders.ts";

/** How a person lets Berth into a private repository. */
export interface GitCredentials {
  token?: string | undefined;
  /** The only server that gets the token, `HOST` or `HOST:PORT`. Without it: the one that a person has typed. */
  tokenHost?: string | undefined;
  sshKey?: string | undefined;
  knownHosts?: string | undefined;
  /** PEM file of the authorities of an HTTPS git server, instead of the system's. */
  caBundle?: string | undefined;
}

const timeoutMs = 10 * 60_000;

/** Brings a source here and notes where it lies, so that a worker finds it by its content alone; of an image nothing comes here. */
export async function resolveSource(
  config: Config,
  text: string,
  cwd: string,
  git: GitCredentials = {},
  signal?: AbortSignal,
): Promise<Resolved | ResolvedImage> {
  const source = parseSource(text);
  if (source.kind === "image") return resolveImageSource(config, source.image, signal);
  const workDir = join(config.home, "sources");
  await mkdir(workDir, { recursive: true, mode: 0o700 });
  await refuseState(config, source, cwd);
  const resolved = await resolve(source, {
    ...defaultLimits,
    ...credentialsFor(source, git),
    cwd,
    workDir,
    timeoutMs,
    signal,
    allowPrivateAddresses: config.allowPrivateAddresses,
    git: "git",
    searchPath: config.env["PATH"] ?? "/usr/bin:/bin",
    sshAgent: config.env["SSH_AUTH_SOCK"],
  });
  const note = noteFile(config, resolved.contentHash);
  await writeFile(`${note}.new`, JSON.stringify({ dir: resolved.dir }));
  await rename(`${note}.new`, note);
  return resolved;
}

/** A token that is meant for one server goes to no other, whoever named that one. */
function credentialsFor(source: Source, { token, tokenHost, ...rest }: GitCredentials): GitCredentials {
  if (source.kind !== "git" || tokenHost === undefined) return { ...rest, token };
  const { host, port } = source.address;
  const [wanted, at] = [tokenHost.trim().toLowerCase(), host.toLowerCase()];
  const isMeant = wanted === `${at}:${port}` || (wanted === at && port === 443);
  return { ...rest, ...(isMeant && { token }) };
}

/** Where a model names the source: it may have been told of a server that waits for somebody's token. */
export const credentialsUnasked = ({ token, ...rest }: GitCredentials): GitCredentials =>
  rest.tokenHost === undefined ? rest : { ...rest, token };

/** Where the source of this content lies. Throws `source_gone` where it was removed. */
export async function sourceDir(config: Config, hash: string): Promise<string> {
  const text = await readFile(noteFile(config, hash), "utf8").catch(() => undefined);
  if (text !== undefined) return z.object({ dir: z.string() }).parse(JSON.parse(text)).dir;
  throw new BerthError({
    code: "source_gone",
    message: "The source of this plan is no longer on this machine.",
    object: hash.slice(0, 12),
    cause: `${noteFile(config, hash)} does not exist.`,
    next: "Run berth up with the source again: the same content gives the same plan.",
  });
}

/** What a build of a folder of a kept source sees, and the hash over it as it is now. */
export async function buildContext(source: string, folder: string): Promise<BuildContext> {
  const dir = await folderWithin(source, folder);
  const { files } = await listContext(dir);
  return { dir, hash: await contentHash(dir, files), entries: files };
}

const noteFile = (config: Config, hash: string) => join(config.home, "sources", `${hash}.json`);
