import { createReadStream } from "node:fs";
import { readlink } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import type { BuildContext, ContextEntry } from "../context.ts";

/** Where the plan's Dockerfile stands in the context, whatever the source has there. */
export const dockerfileName = "Dockerfile";

/**
 * A build context as a tar stream: the same entries, hash and Dockerfile give the same bytes on every machine. Owners are
 * root, modes 644 or 755. An entry that changes while it is read ends the stream with an error.
 */
export function contextTar({ dir, entries, hash }: BuildContext, dockerfile: string): Readable {
  const tar = pack();
  const mtime = timeOf(hash);
  const write = async () => {
    await add(tar, { name: dockerfileName, mode: 0o644, mtime }, dockerfile);
    const files = entries.filter(({ path }) => path !== dockerfileName).toSorted(byPath);
    for (const name of foldersOf(files)) await add(tar, { name, mode: 0o755, mtime, type: "directory" });
    for (const entry of files) await addEntry(tar, join(dir, entry.path), entry, mtime);
    tar.finalize();
  };
  // Whoever reads the stream gets the error; the same one here would be nobody's.
  write().catch((error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))));
  return tar as unknown as Readable;
}

/**
 * One time for all files, taken from the content. A constant would do for builds, which ignore times, but web servers
 * make their ETag of time and size: with a constant, browsers would keep an old file of the same size for ever.
 */
function timeOf(hash: string): Date {
  const year2020 = 1_577_836_800;
  const fiveYears = 157_680_000;
  return new Date((year2020 + (Number.parseInt(hash.slice(0, 8), 16) % fiveYears)) * 1000);
}

interface Header {
  name: string;
  mode: number;
  mtime: Date;
  type?: "directory" | "symlink";
  linkname?: string;
}

const owner = { uid: 0, gid: 0, uname: "", gname: "" };

function add(tar: Pack, header: Header, content = ""): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.entry({ ...header, ...owner }, content, (error) => (error ? reject(error) : resolve()));
  });
}

async function addEntry(tar: Pack, at: string, { path, kind, executable, size }: ContextEntry, mtime: Date) {
  if (kind === "link")
    return add(tar, { name: path, mode: 0o777, mtime, type: "symlink", linkname: await readlink(at) });
  const entry = tar.entry({ name: path, mode: executable ? 0o755 : 0o644, mtime, size, ...owner });
  await pipeline(createReadStream(at), entry);
}

/** Every folder that holds an entry, parents first. */
function foldersOf(entries: readonly ContextEntry[]): string[] {
  const folders = new Set<string>();
  for (const { path } of entries) {
    for (let end = path.indexOf("/"); end > 0; end = path.indexOf("/", end + 1)) folders.add(path.slice(0, end));
  }
  return [...folders].sort();
}

const byPath = (a: ContextEntry, b: ContextEntry) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
