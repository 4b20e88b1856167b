import { randomBytes } from "node:crypto";
import { copyFile, lstat, mkdir, readlink, realpath, rename, rm, stat, symlink } from "node:fs/promises";
import { basename, dirname, join, resolve as resolvePath, sep } from "node:path";
import { BerthError } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";
import { type CloneOptions, clone } from "./clone.ts";
import { contentHash, listContext } from "./context.ts";
import { type Listing, listFiles } from "./files.ts";
import { surroundings } from "./git-index.ts";
import { nameFrom } from "./name.ts";
import { systemLookup } from "./network.ts";
import type { FolderSource, GitSource } from "./parse.ts";

export interface ResolveOptions extends Omit<CloneOptions, "lookup" | "allowPrivateAddresses" | "allowPlaintext"> {
  /** What a folder's path, and those of keys and certificates, are relative to. */
  cwd: string;
  allowPrivateAddresses?: boolean;
  allowPlaintext?: boolean;
  lookup?: CloneOptions["lookup"];
}

/** A source as it was at one moment, in a folder of ours that nobody edits. */
export interface Resolved {
  /** Holds the files: for a subfolder, that folder. */
  dir: string;
  kind: "folder" | "git";
  /** Without credentials: `https://…`, or the folder's path. */
  address: string;
  /** The branch or tag that was asked for by name. */
  ref: string | null;
  /** A commit; of a folder its content hash. */
  revision: string;
  /** sha256 of what a build gets to see. */
  contentHash: string;
  subfolder: string | null;
  /** A DNS label made of the folder's or repository's name. */
  name: string;
  leftOut: Listing["leftOut"];
}

/**
 * Brings a source onto this machine, as a copy in `workDir` that is used again for the same content. Throws BerthErrors:
 * source_not_found, subfolder_not_found, branch_not_found, not_a_repository, auth_failed, git_host_key_refused,
 * git_certificate_refused, source_moved, source_unreachable, host_not_found, private_address_refused, protocol_refused,
 * too_large, timeout.
 */
export function resolve(source: FolderSource | GitSource, options: ResolveOptions): Promise<Resolved> {
  return source.kind === "folder" ? resolveFolder(source, options) : resolveGit(source, options);
}

async function resolveGit(source: GitSource, options: ResolveOptions): Promise<Resolved> {
  const { address } = source;
  // git runs in folders of its own, where a relative path would lead elsewhere.
  const file = (path: string | undefined) => (path === undefined ? undefined : resolvePath(options.cwd, path));
  const checkout = await clone(source, {
    ...options,
    sshKey: file(options.sshKey),
    knownHosts: file(options.knownHosts),
    caBundle: file(options.caBundle),
    lookup: options.lookup ?? systemLookup,
    allowPrivateAddresses: options.allowPrivateAddresses ?? false,
    allowPlaintext: options.allowPlaintext ?? false,
  });
  const subfolder = source.subfolder ?? checkout.path;
  const dir = subfolder === null ? checkout.dir : await inside(checkout.dir, subfolder, address.url);
  const { files, leftOut } = await listContext(dir, options);
  const repository = nameFrom(address.url.replace(/\.git$/, ""));
  // Many repositories have a folder "server": its name alone would let one take another's place.
  const name = subfolder === null ? repository : nameFrom(`${repository}-${basename(subfolder)}`);
  const found = { dir, kind: "git", address: address.url, ref: checkout.ref, revision: checkout.commit } as const;
  return { ...found, contentHash: await contentHash(dir, files), subfolder, name, leftOut };
}

async function resolveFolder({ path }: FolderSource, options: ResolveOptions): Promise<Resolved> {
  const address = resolvePath(options.cwd, path);
  const found = await stat(address).catch(() => undefined);
  if (!found?.isDirectory()) throw folderNotFound(path, address, found !== undefined);
  const { dir, leftOut } = await snapshot(await realpath(address), options);
  const hash = await contentHash(dir, (await listContext(dir, options)).files);
  const name = nameFrom(basename(address));
  return { dir, kind: "folder", address, ref: null, revision: hash, contentHash: hash, subfolder: null, name, leftOut };
}

/** Copies a folder, as git would track it, so that editing it further changes neither plan nor build. */
async function snapshot(from: string, options: ResolveOptions): Promise<{ dir: string; leftOut: Listing["leftOut"] }> {
  const { files, leftOut } = await listFiles(from, options, await surroundings(from));
  const incoming = join(options.workDir, `incoming-${randomBytes(6).toString("hex")}`);
  await mkdir(incoming, { recursive: true });
  try {
    for (const { path, kind } of files) {
      options.signal?.throwIfAborted();
      await mkdir(dirname(join(incoming, path)), { recursive: true });
      if (kind === "link") await symlink(await readlink(join(from, path)), join(incoming, path));
      else await copyFile(join(from, path), join(incoming, path));
    }
    // The copy is what counts: the folder may have changed while it was read.
    const hash = await contentHash(incoming, files);
    const dir = join(options.workDir, `folder-${hash.slice(0, 20)}`);
    if ((await hashOfCopy(dir, options)) !== hash) {
      await rm(dir, { recursive: true, force: true });
      await rename(incoming, dir);
    }
    return { dir, leftOut };
  } finally {
    await rm(incoming, { recursive: true, force: true });
  }
}

/** Of an earlier copy, so that one that a run still uses stays, and one that somebody edited does not. */
async function hashOfCopy(dir: string, options: ResolveOptions): Promise<string | undefined> {
  if (!(await stat(dir).catch(() => undefined))) return undefined;
  return contentHash(dir, (await listFiles(dir, options)).files);
}

/** A folder of the repository, on a way without links: a link could lead out of it. */
async function inside(root: string, subfolder: string, url: string): Promise<string> {
  const dir = join(root, subfolder);
  const real = await realpath(dir).catch(() => undefined);
  const within = real !== undefined && `${real}${sep}`.startsWith(`${await realpath(root)}${sep}`);
  if (within && (await lstat(real)).isDirectory()) return dir;
  throw new BerthError({
    code: "subfolder_not_found",
    message: "The repository has no such folder.",
    object: cleanLine(subfolder),
    cause:
      real === undefined
        ? `Nothing of this name is in ${url} at this revision.`
        : `In ${url} it is no folder of the repository itself.`,
    next: "Give a folder that exists there, relative to the repository's root.",
  });
}

const folderNotFound = (path: string, address: string, isFile: boolean) =>
  new BerthError({
    code: "source_not_found",
    message: isFile ? "This is a file, not a folder." : "There is no such folder.",
    object: cleanLine(path),
    cause: `${cleanLine(address)} ${isFile ? "is not a folder" : "does not exist, or may not be read"}.`,
    next: "Give the folder that holds the application, or a git address (https://… or git@…).",
  });
