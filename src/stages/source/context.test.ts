import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { folderWithin } from "./context.ts";

const made: string[] = [];
afterEach(() => Promise.all(made.splice(0).map((dir) => rm(dir, { recursive: true }))));

test("a folder of a source is reached without links, and never lies outside it", async () => {
  const dir = await mkdtemp(join(tmpdir(), "berth-context-"));
  made.push(dir);
  await mkdir(join(dir, "web"));
  await writeFile(join(dir, "file"), "");
  await symlink("/etc", join(dir, "out"));
  await symlink("web", join(dir, "link"));
  expect(await folderWithin(dir, ".")).toBe(dir);
  expect(await folderWithin(dir, "web")).toBe(join(dir, "web"));
  for (const folder of ["out", "link", "file", "gone", "..", "web/../..", "/etc"])
    await expect(folderWithin(dir, folder), folder).rejects.toMatchObject({ code: "folder_not_found" });
});
