import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { cleanLine } from "../../kit/text.ts";
import type { Surroundings } from "./git-index.ts";
import { gitignoreRules, type IgnoreRules, readSmall } from "./ignore.ts";
import { type Limits, megabytes, tooLarge } from "./limits.ts";
import { isSecretFile } from "./secret-files.ts";

/** A file or a link of a source. A link is data: where it leads is never followed. */
export interface SourceFile {
  /** Relative to the source, with `/`. */
  path: string;
  kind: "file" | "link";
  /** Only whether it can be executed is kept of a file's mode. */
  executable: boolean;
  /** Bytes; of a link, of its target's name. */
  size: number;
}

export interface Listing {
  /** In the order of their paths' UTF-16 units, so that two machines list alike. */
  files: SourceFile[];
  /** What was kept out although no rule of the repository says so. */
  leftOut: { path: string; why: "secret" | "special" | "unreadable" }[];
}

/**
 * Lists a folder without .git, secret files, and sockets and devices. With `surroundings`, what .gitignore keeps out is
 * left out as well, unless it is tracked. Throws `too_large`.
 */
export async function listFiles(dir: string, limits: Limits, around?: Surroundings): Promise<Listing> {
  const listing: Listing = { files: [], leftOut: [] };
  const folders: { path: string; rules: IgnoreRules; trackedOnly: boolean }[] = [
    { path: "", rules: around?.rules ?? gitignoreRules(), trackedOnly: false },
  ];
  let bytes = 0;
  for (let folder = folders.pop(); folder; folder = folders.pop()) {
    const at = join(dir, folder.path);
    const rules = around ? folder.rules.inside(folder.path, await readSmall(join(at, ".gitignore"))) : folder.rules;
    const entries = await readdir(at, { withFileTypes: true }).catch(() => undefined);
    if (!entries) listing.leftOut.push({ path: cleanLine(folder.path), why: "unreadable" });
    for (const entry of entries ?? []) {
      if (entry.name === ".git") continue;
      const path = folder.path === "" ? entry.name : `${folder.path}/${entry.name}`;
      const ignored = around !== undefined && (folder.trackedOnly || rules.ignores(path, entry.isDirectory()));
      if (ignored && !around.tracked.has(path)) continue;
      if (entry.isDirectory()) {
        folders.push({ path, rules, trackedOnly: ignored });
        continue;
      }
      const file = await look(join(dir, path), path, entry.name);
      if (typeof file === "string") listing.leftOut.push({ path: cleanLine(path), why: file });
      else bytes += listing.files.push(file) && file.size;
      if (listing.files.length > limits.maxFiles)
        throw tooLarge(cleanLine(dir), `It has over ${limits.maxFiles} files.`);
      if (bytes > limits.maxBytes) throw tooLarge(cleanLine(dir), `Its files have over ${megabytes(limits.maxBytes)}.`);
    }
  }
  listing.files.sort(byPath);
  listing.leftOut.sort(byPath);
  return listing;
}

async function look(
  path: string,
  name: string,
  last: string,
): Promise<SourceFile | "secret" | "special" | "unreadable"> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return "unreadable";
  if (found.isSymbolicLink()) {
    const target = await readlink(path);
    return { path: name, kind: "link", executable: false, size: Buffer.byteLength(target) };
  }
  if (!found.isFile()) return "special";
  if (await isSecretFile(path, last)) return "secret";
  return { path: name, kind: "file", executable: (found.mode & 0o100) !== 0, size: found.size };
}

const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
