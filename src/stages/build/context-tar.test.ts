import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
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
  await mkdir(dirname(join(dir, path)), { recursive: true });
  await writeFile(join(dir, path), content);
  await chmod(join(dir, path), mode);
  return { path, kind: "file", executable: (mode & 0o100) !== 0, size: Buffer.byteLength(content) };
}

const tarOf = (entries: ContextEntry[], contentHash = hash) =>
  buffer(contextTar({ dir, entries, hash: contentHash }, "FROM ours"));

async function list(tar: Buffer): Promise<string[]> {
  const names: string[] = [];
  await readTar(tar, async ({ name, type, mode, uid, linkname }) => {
    names.push([name, type, mode?.toString(8), uid, ...(linkname ? [linkname] : [])].join(" "));
  });
  return names;
}

test("the same content gives the same bytes, whatever the order, owners and times on this machine", async () => {
  const entries = [await file("src/a.js", "one"), await file("run.sh", "#!/bin/sh", 0o700)];
  const first = await tarOf(entries);
  await utimes(join(dir, "run.sh"), 1, 1);
  const second = await tarOf(entries.toReversed());
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
    const tar = await tarOf([], content);
    await readTar(tar, async ({ mtime }) => void times.add(mtime?.getTime() ?? 0));
  }
  expect(times.size).toBe(2);
});

test("the plan's Dockerfile takes the place of the source's, and a link stays a link", async () => {
  await symlink("../outside", join(dir, "latest"));
  const link: ContextEntry = { path: "latest", kind: "link", executable: false, size: 10 };
  const tar = await tarOf([await file("Dockerfile", "FROM theirs"), link]);
  expect(await list(tar)).toEqual(["Dockerfile file 644 0", "latest symlink 777 0 ../outside"]);
  expect(tar.includes("FROM ours")).toBe(true);
  expect(tar.includes("FROM theirs")).toBe(false);
});

test("a file that is gone, or has changed its size, ends the stream with an error", async () => {
  await expect(tarOf([{ path: "gone", kind: "file", executable: false, size: 3 }])).rejects.toThrow(/ENOENT/);
  for (const size of [3, 9])
    await expect(tarOf([{ ...(await file("changed", "12345")), size }])).rejects.toThrow(/[Ss]ize mismatch/);
});
