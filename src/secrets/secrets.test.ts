import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format, inspect } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/store.ts";
import { fingerprint, newFingerprintKey } from "./fingerprint.ts";
import { generate } from "./generate.ts";
import { secretsKey } from "./key.ts";
import { secret } from "./value.ts";
import { openVault } from "./vault.ts";

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-secrets-"));
  store = openStore(folder);
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

const now = () => new Date("2026-11-23T12:00:00Z");
const open = (key = secretsKey(folder)) => openVault(store, key, now);
const Row = z.object({ sealed: z.string() });
const Place = z.object({ stack: z.string(), name: z.string() });
const sql = (text: string) => store.run(text);

test("a secret shows itself nowhere but where it is asked to", () => {
  const value = secret("hunter2-canary");
  const shown = [
    String(value),
    `${value}`,
    `x${value as unknown as string}`,
    JSON.stringify({ value }),
    inspect(value),
    inspect({ deep: { value } }, { depth: 9, showHidden: true }),
    format("%s %o %j", value, value, value),
    Object.values(value).map(String).join(),
    JSON.stringify(Object.entries(value)),
  ];
  for (const text of shown) expect(text).not.toContain("canary");
  expect(JSON.stringify({ value })).toBe('{"value":"[secret]"}');
  expect(value.reveal()).toBe("hunter2-canary");
});

test("values are kept by version, and the same value again is no new one", () => {
  const vault = open();
  expect(vault.set("shop", "API_KEY", secret("first value"))).toBe(1);
  expect(vault.set("shop", "API_KEY", secret("second ü\n'value"))).toBe(2);
  expect(vault.set("shop", "API_KEY", secret("second ü\n'value"))).toBe(2);
  expect(open().get("shop", "API_KEY")?.reveal()).toBe("second ü\n'value");
  expect(open().get("shop", "API_KEY", 1)?.reveal()).toBe("first value");
  expect(vault.list("shop").map(({ name, version }) => [name, version])).toEqual([
    ["API_KEY", 1],
    ["API_KEY", 2],
  ]);
  vault.remove("shop", "API_KEY", 1);
  expect(vault.get("shop", "API_KEY", 1)).toBeUndefined();
  expect(vault.get("blog", "API_KEY")).toBeUndefined();
});

test("neither the value nor the same bytes twice stand in the store's file", () => {
  const vault = open();
  vault.set("shop", "ONE", secret("canary-value-1234"));
  vault.set("shop", "TWO", secret("canary-value-1234"));
  const rows = store.all(Row, "SELECT hex(sealed) AS sealed FROM secrets");
  expect(new Set(rows.map(({ sealed }) => sealed)).size).toBe(2);
  for (const { sealed } of rows) expect(Buffer.from(sealed, "hex").includes("canary")).toBe(false);
});

test.each([
  ["sealed with another key", () => undefined, Buffer.alloc(32, 7)],
  ["moved to another name", () => sql("UPDATE secrets SET name = 'B'"), undefined],
  ["moved to another stack", () => sql("UPDATE secrets SET stack = 'blog'"), undefined],
  ["changed", () => sql("UPDATE secrets SET sealed = X'00112233445566778899AABBCCDDEEFF00112233'"), undefined],
  ["cut off", () => sql("UPDATE secrets SET sealed = X'00'"), undefined],
])("a secret that was %s cannot be read, and is named", (_, change, key) => {
  open().set("shop", "A", secret("canary-value"));
  change();
  const { stack, name } = store.all(Place, "SELECT stack, name FROM secrets")[0] ?? { stack: "", name: "" };
  const failure = expect.objectContaining({ code: "secret_unreadable", object: `${stack}/${name}` });
  expect(() => open(key).get(stack, name)).toThrow(failure);
});

test("the key is its owner's alone, stays the same, and is refused when it is none", () => {
  const key = secretsKey(folder);
  expect(secretsKey(folder)).toEqual(key);
  expect(statSync(join(folder, "secrets-key")).mode & 0o777).toBe(0o600);
  writeFileSync(join(folder, "secrets-key"), "");
  expect(() => secretsKey(folder)).toThrow(expect.objectContaining({ code: "secrets_key_damaged" }));
});

test("a fingerprint changes with the value and with the stack's key, and is short", () => {
  const key = newFingerprintKey();
  expect(fingerprint(key, secret("a"))).toBe(fingerprint(key, secret("a")));
  expect(fingerprint(key, secret("a"))).toMatch(/^[0-9a-f]{12}$/);
  expect(fingerprint(key, secret("a"))).not.toBe(fingerprint(key, secret("b")));
  expect(fingerprint(key, secret("a"))).not.toBe(fingerprint(newFingerprintKey(), secret("a")));
});

test("a generated value has its shape, and all letters come up", () => {
  const value = generate({ alphabet: "hex", length: 2000 }).reveal();
  expect(value).toMatch(/^[0-9a-f]{2000}$/);
  expect(new Set(value).size).toBe(16);
  expect(generate({ alphabet: "base64", length: 24 }).reveal()).toMatch(/^[A-Za-z0-9+/]{24}$/);
  const many = Array.from({ length: 100 }, () => generate({ alphabet: "alphanumeric", length: 16 }).reveal());
  expect(new Set(many).size).toBe(100);
});
