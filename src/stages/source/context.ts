import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readlink, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { sha256 } from "../../kit/canonical.ts";
import { BerthError } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";
import { type Listing, listFiles, type SourceFile } from "./files.ts";
import { dockerignoreFilter } from "./ignore.ts";
import type { Limits } from "./limits.ts";

export const defaultLimits: Limits = { maxBytes: 2_000_000_000, maxFiles: 100_000 };

/**
 * What a build gets to see of a resolved source: all of it but .git, secret files, and what .dockerignore keeps out. The
 * content hash is made of exactly these files.
 */
export async function listContext(dir: string, limits: Limits = defaultLimits): Promise<Listing> {
  const [listing, ignores] = await Promise.all([listFiles(dir, limits), dockerignoreFilter(dir)]);
  return { ...listing, files: listing.files.filter(({ path }) => !ignores(path)) };
}

/**
 * A folder of a resolved source, on a way without links: a link could lead out of it. Throws `folder_not_found`, also where
 * the name is a file's.
 */
export async function folderWithin(dir: string, folder: string): Promise<string> {
  const root = await realpath(dir);
  const at = join(root, folder);
  const real = await realpath(at).catch(() => undefined);
  if (real === at && `${real}${sep}`.startsWith(`${root}${sep}`) && (await lstat(real)).isDirectory()) return at;
  throw new BerthError({
    code: "folder_not_found",
    message: "The source has no such folder.",
    object: cleanLine(folder),
    cause: real === undefined ? "Nothing of this name is in it." : "In it, this is no folder of the source itself.",
    next: "Analyse the source again: berth analyze.",
  });
}

/** The sha256, in hex, over the paths, kinds, execute bits and contents of these files; of links, over where they lead. */
export async function contentHash(dir: string, files: readonly SourceFile[]): Promise<string> {
  const whole = createHash("sha256");
  for (const { path, kind, executable } of files) {
    const content = kind === "link" ? sha256(await readlink(join(dir, path))) : await hashFile(join(dir, path));
    // No path and no hash holds a NUL, so that no two lists of files look alike.
    whole.update(`${kind}\0${executable ? "x" : "-"}\0${path}\0${content}\0`);
  }
  return whole.digest("hex");
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
