import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ContextEntry } from "../context.ts";
import { contextTar } from "./context-tar.ts";
import { readTar } from "./tar.ts";

const hash = "ab".repeat(32);
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "context-"));
});
afterEach(() => rm(dir, { recursive: true }));

async function file(path: string, content: string, mode = 0o640): Promise<ContextEntry> {
  const absolute = join(dir, path.replaceAll("/", "_"));
  await writeFile(absolute, content);
  return { path, mode, size: Buffer.byteLength(content), absolute };
}

async function list(tar: Buffer): Promise<string[]> {
  const names: string[] = [];
  await readTar(tar, async ({ name, type, mode, uid, linkname }) => {
    names.push([name, type, mode?.toString(8), uid, ...(linkname ? [linkname] : [])].join(" "));
  });
  return names;
}

test("the same content gives the same bytes, whatever the order, owners and times on this machine", async () => {
  const entries = [await file("src/a.js", "one"), await file("run.sh", "#!/bin/sh", 0o700)];
  const first = await buffer(contextTar(entries, hash, "FROM scratch"));
  await utimes(join(dir, "run.sh"), 1, 1);
  const second = await buffer(contextTar(entries.toReversed(), hash, "FROM scratch"));
  expect(second.equals(first)).toBe(true);
  expect(await list(first)).toEqual([
    "Dockerfile file 644 0",
    "src directory 755 0",
    "run.sh file 755 0",
    "src/a.js file 644 0",
  ]);
});

test("another content gives another time, so that no ETag made of time and size stays the same", async () => {
  const times = new Set<number>();
  for (const content of [hash, "cd".repeat(32)]) {
    const tar = await buffer(contextTar([], content, "FROM scratch"));
    await readTar(tar, async ({ mtime }) => void times.add(mtime?.getTime() ?? 0));
  }
  expect(times.size).toBe(2);
});

test("the plan's Dockerfile takes the place of the source's, and a link stays a link", async () => {
  const link = { path: "latest", mode: 0o777, size: 0, absolute: join(dir, "latest"), link: "../outside" };
  const tar = await buffer(contextTar([await file("Dockerfile", "FROM theirs"), link], hash, "FROM ours"));
  expect(await list(tar)).toEqual(["Dockerfile file 644 0", "latest symlink 777 0 ../outside"]);
  expect(tar.includes("FROM ours")).toBe(true);
  expect(tar.includes("FROM theirs")).toBe(false);
});

test("a file that is gone, or has changed its size, ends the stream with an error", async () => {
  const gone = { path: "gone", mode: 0o644, size: 3, absolute: join(dir, "gone") };
  await expect(buffer(contextTar([gone], hash, "FROM scratch"))).rejects.toThrow(/ENOENT/);
  const grown = { ...(await file("grown", "12345")), size: 3 };
  await expect(buffer(contextTar([grown], hash, "FROM scratch"))).rejects.toThrow(/[Ss]ize mismatch/);
});
