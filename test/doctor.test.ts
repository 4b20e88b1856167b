import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const cli = join(import.meta.dirname, "../src/cli.ts");
const home = mkdtempSync(join(tmpdir(), "berth-doctor-"));
const env = { PATH: process.env.PATH, HOME: home };
afterAll(() => rmSync(home, { recursive: true }));

interface Found {
  well: boolean;
  checks: { name: string; state: string; text: string }[];
}

test("an older and a modern client see the same server", { timeout: 120_000 }, () => {
  const { checks }: Found = JSON.parse(execFileSync(process.execPath, [cli, "doctor", "--json"], { env }).toString());
  const textOf = (name: string) => checks.find((check) => check.name === name)?.text;
  expect(textOf("older client")).toMatch(/^protocol 2025-11-25, [1-9]\d* tools, .* [1-9]\d* prompts/);
  expect(textOf("modern client")).toMatch(/^protocol 2026-07-28, [1-9]\d* tools, .* [1-9]\d* prompts/);
  expect(checks.find(({ name }) => name === "both clients")).toMatchObject({ state: "ok" });
  expect(checks.filter(({ state }) => state === "bad")).toEqual([]);
});

test("what keeps Berth from working is its exit code", { timeout: 120_000 }, () => {
  const { status, stdout } = spawnSync(process.execPath, [cli, "doctor", "--json"], {
    env: { ...env, BERTH_CA_BUNDLE: "/nowhere.pem" },
    encoding: "utf8",
  });
  const { well, checks }: Found = JSON.parse(stdout);
  expect({ status, well }).toEqual({ status: 1, well: false });
  expect(checks).toContainEqual(expect.objectContaining({ name: "BERTH_CA_BUNDLE", state: "bad" }));
  expect(checks).toContainEqual(expect.objectContaining({ name: "configuration", state: "bad" }));
});
