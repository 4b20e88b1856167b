import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StageContext } from "../context.ts";
import type { SecretUse } from "../plan/schema.ts";
import { secrets } from "./secrets.ts";

// The product's own scripts, on a folder here that stands for the server's.
let root: string;
let hidden: string[];
let key: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-secrets-"));
  hidden = [];
  key = "ab".repeat(32);
});
afterEach(() => rmSync(root, { recursive: true }));

const user = `${process.getuid?.()}:${process.getgid?.()}`;
const run = ([program = "", ...args]: readonly string[], { input = "" }: { input?: string | Uint8Array } = {}) =>
  execFileSync(
    program,
    args.map((arg) => (arg === "root:root" ? user : arg.replace(/^\/var\/lib\/berth/, root))),
    { encoding: "utf8", input, stdio: ["pipe", "pipe", "ignore"] },
  );
const exec = async (words: readonly string[]) => {
  try {
    return { code: 0, signal: null, stdout: run(words), stderr: "" };
  } catch (error) {
    return { code: (error as { status: number }).status, signal: null, stdout: "", stderr: "" };
  }
};
const ctx = {
  host: { name: "test", exec, read: async (words: string[]) => run(words).trimEnd() },
  lock: async () => ({ run: async (words: string[], options: object) => run(words, options) }),
  givenSecret: () => "a given value",
  fingerprintKey: () => key,
  hide: (value: string) => void hidden.push(value),
} as unknown as StageContext;

const given: SecretUse = { origin: "given", name: "API_KEY", fingerprint: "0123456789ab" };
const generated: SecretUse = { origin: "generated", name: "password", version: 1, length: 20, alphabet: "hex" };
const file = (path: string) => join(root, "stacks/shop", path);
const input = (...uses: SecretUse[]) => ({ stack: "shop", secrets: uses });

test("with given values goes the key of their fingerprints, for root alone; the step then holds", async () => {
  expect(await secrets.step.observe(input(given), ctx)).toEqual({
    before: { missing: ["API_KEY", "(fingerprint key)"] },
  });
  await secrets.step.apply(input(given), { missing: [] }, ctx);
  expect(readFileSync(file("fingerprint-key"), "utf8")).toBe(key);
  expect(statSync(file("fingerprint-key")).mode & 0o777).toBe(0o600);
  expect(await secrets.step.observe(input(given), ctx)).toEqual({ output: { names: ["API_KEY"] } });
  expect(hidden).toContain(key);
});

test("a key that another computer left is replaced by the plan's own, and no value is made anew", async () => {
  await secrets.step.apply(input(given, generated), { missing: [] }, ctx);
  const password = readFileSync(file("secrets/password/v1"), "utf8");
  writeFileSync(file("fingerprint-key"), "cd".repeat(32));
  expect(await secrets.step.observe(input(given, generated), ctx)).toEqual({
    before: { missing: ["(fingerprint key)"] },
  });
  await secrets.step.apply(input(given, generated), { missing: [] }, ctx);
  expect(readFileSync(file("fingerprint-key"), "utf8")).toBe(key);
  expect(readFileSync(file("secrets/password/v1"), "utf8")).toBe(password);
});

test("where nothing was given there is no key to keep", async () => {
  await secrets.step.apply(input(generated), { missing: [] }, ctx);
  expect(await secrets.step.observe(input(generated), ctx)).toEqual({ output: { names: ["password"] } });
  expect(() => statSync(file("fingerprint-key"))).toThrow();
});
