import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFile } from "./files.ts";
import type { Lock } from "./host.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-files-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const { uid, gid } = userInfo();
const owner = `${uid}:${gid}`;

/** A lock on this machine, whose connection ends after so many bytes of what is sent. */
const lockThatEndsAfter = (bytes: number) =>
  ({
    run: async ([program = "", ...words]: string[], { input }: { input: string }) =>
      execFileSync(program, words, { input: Buffer.from(input).subarray(0, bytes), encoding: "utf8" }),
  }) as unknown as Lock;

test("a file is written whole", async () => {
  const file = join(folder, "made/here/file");
  await writeFile(lockThatEndsAfter(1000), file, "grüße\n", { mode: "0640", owner });
  expect(readFileSync(file, "utf8")).toBe("grüße\n");
});

test.each([0, 3, 6])(
  "a connection that is killed after %i bytes leaves what stood there, and nothing beside it",
  async (bytes) => {
    const file = join(folder, "file");
    writeFileSync(file, "before");
    await expect(writeFile(lockThatEndsAfter(bytes), file, "a secret", { owner })).rejects.toMatchObject({
      status: 46,
    });
    expect(readFileSync(file, "utf8")).toBe("before");
    expect(readdirSync(folder)).toEqual(["file"]);
  },
);

test("an empty file can be meant", async () => {
  const file = join(folder, "file");
  await writeFile(lockThatEndsAfter(1000), file, "", { owner });
  expect(readFileSync(file, "utf8")).toBe("");
});
