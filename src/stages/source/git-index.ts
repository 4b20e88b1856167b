import { lstat, readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { gitignoreRules, type IgnoreRules, ignoreLayer, readSmall } from "./ignore.ts";

/** What the repository around a folder says about the folder: git itself is not asked, since its configuration can run programs. */
export interface Surroundings {
  /** The rules that the repository's upper folders hold for this one. */
  rules: IgnoreRules;
  /** Files (relative to the folder) that are tracked, and so are never ignored, and the folders that lead to them. */
  tracked: Set<string>;
}

/** Looks for the repository that a folder belongs to. */
export async function surroundings(dir: string): Promise<Surroundings> {
  const root = await repositoryRoot(dir);
  if (root === undefined) return { rules: gitignoreRules(), tracked: new Set() };
  const below = relative(root, dir);
  const tracked = trackedPaths(await readIndex(join(root, ".git")), below === "" ? "" : `${below}/`);
  const above = await rulesAbove(root, below);
  // Somebody who names a folder that is ignored as a whole wants it nevertheless.
  const parts = below.split("/").filter(Boolean);
  const ignored = parts.some((_, depth) => above("").ignores(parts.slice(0, depth + 1).join("/"), true));
  return { rules: ignored ? gitignoreRules() : above(below), tracked };
}

/** The rules of the repository's root and of the folders between it and the listed one, for a folder at a prefix. */
async function rulesAbove(root: string, below: string): Promise<(prefix: string) => IgnoreRules> {
  const texts: { folder: string; text: string | undefined }[] = [
    { folder: "", text: await readSmall(join(root, ".git/info/exclude")) },
  ];
  const parts = below.split("/").filter(Boolean);
  for (let depth = 0; depth < parts.length; depth++) {
    const folder = parts.slice(0, depth).join("/");
    texts.push({ folder, text: await readSmall(join(root, folder, ".gitignore")) });
  }
  const layers = texts.flatMap(({ folder, text }) => (text === undefined ? [] : [ignoreLayer(folder, text)]));
  return (prefix) => gitignoreRules(prefix, layers);
}

async function repositoryRoot(dir: string): Promise<string | undefined> {
  for (let at = resolve(dir), previous = ""; at !== previous; previous = at, at = dirname(at)) {
    if (await lstat(join(at, ".git")).catch(() => undefined)) return at;
  }
  return undefined;
}

/** The index of a repository; a worktree's .git is a file that names the folder. */
async function readIndex(git: string): Promise<Buffer | undefined> {
  const pointer = /^gitdir: (.+)\n?$/.exec((await readSmall(git)) ?? "")?.[1];
  const index = join(pointer ? resolve(dirname(git), pointer) : git, "index");
  const found = await lstat(index).catch(() => undefined);
  return found?.isFile() && found.size <= 100e6 ? readFile(index).catch(() => undefined) : undefined;
}

function trackedPaths(index: Buffer | undefined, prefix: string): Set<string> {
  const tracked = new Set<string>();
  for (const path of index ? pathsOfIndex(index) : []) {
    if (!path.startsWith(prefix)) continue;
    const parts = path.slice(prefix.length).split("/");
    for (let length = parts.length; length > 0; length--) tracked.add(parts.slice(0, length).join("/"));
  }
  return tracked;
}

/** The paths in an index of version 2, 3 or 4 (gitformat-index); what is cut off or of another version ends the list. */
export function* pathsOfIndex(index: Buffer): Generator<string> {
  if (index.length < 12 || index.toString("latin1", 0, 4) !== "DIRC") return;
  const version = index.readUInt32BE(4);
  const count = index.readUInt32BE(8);
  const id = 20;
  let previous = Buffer.alloc(0);
  let at = 12;
  for (let entry = 0; entry < count && at + 42 + id < index.length; entry++) {
    const extended = version >= 3 && (index.readUInt16BE(at + 40 + id) & 0x4000) !== 0;
    let start = at + 42 + id + (extended ? 2 : 0);
    let kept = 0;
    if (version === 4) {
      const cut = variableLength(index, start);
      start = cut.next;
      kept = Math.max(0, previous.length - cut.value);
    }
    const end = index.indexOf(0, start);
    if (end < 0) return;
    const path = Buffer.concat([previous.subarray(0, kept), index.subarray(start, end)]);
    yield path.toString("utf8");
    if (version === 4) {
      previous = path;
      at = end + 1;
    } else {
      at += (Math.floor((end - at) / 8) + 1) * 8;
    }
  }
}

/** The number of bytes to drop, in git's own spelling: seven bits a byte, each further byte adds one. */
function variableLength(bytes: Buffer, start: number): { value: number; next: number } {
  let next = start;
  let byte = bytes[next++] ?? 0;
  let value = byte & 127;
  while (byte & 128 && next < bytes.length && value < 1e6) {
    byte = bytes[next++] ?? 0;
    value = (value + 1) * 128 + (byte & 127);
  }
  return { value, next };
}
