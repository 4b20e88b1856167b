import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const run = (...args: string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, "run.ts"), ...args], { encoding: "utf8" });

test("help is given, and needs no lab", () => {
  const { status, stdout, stderr } = run("--help");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain("--case NAME");
});

test.each([
  [["--nonsense"], "Unknown option '--nonsense'"],
  [["--case", "nobody"], "there is no case nobody; there are: deploy;"],
  [["--max-cost", "much"], "--max-cost takes a number of dollars, not much"],
])("%o is refused in words", (args, words) => {
  const { status, stdout, stderr } = run(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toContain(words);
  expect(stderr).not.toMatch(/\n\s+at /);
});
