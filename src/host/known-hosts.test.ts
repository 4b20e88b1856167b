import { createHmac } from "node:crypto";
import ssh2 from "ssh2";
import { expect, test } from "vitest";
import { fingerprintOf, keyTypeOf, knownKeys } from "./known-hosts.ts";
import { runLocal } from "./local.ts";

const line = ssh2.utils.generateKeyPairSync("ed25519").public.trim();
const key = Buffer.from(line.split(" ")[1] ?? "", "base64");
const trusted = (text: string, host: string, port = 22) => knownKeys(text, host, port).trusted.length;

test("names, ports, wildcards and negation", () => {
  expect(trusted(`example.com,192.0.2.1 ${line}`, "EXAMPLE.com")).toBe(1);
  expect(trusted(`example.com ${line}`, "example.com", 2222)).toBe(0);
  expect(trusted(`[example.com]:2222 ${line}`, "example.com", 2222)).toBe(1);
  expect(trusted(`*.example.com ${line}`, "a.example.com")).toBe(1);
  expect(trusted(`*.example.com,!b.example.com ${line}`, "b.example.com")).toBe(0);
  expect(trusted(`10.0.?.* ${line}`, "10.0.1.22")).toBe(1);
  expect(trusted(`10.0.?.* ${line}`, "10.0.11")).toBe(0);
  expect(trusted(`# example.com ${line}\n\nexample.com\n`, "example.com")).toBe(0);
  expect(trusted(`a ${line}\nb ${line}\na ${line}`, "a")).toBe(2);
});

test("a hashed name", () => {
  const salt = Buffer.alloc(20, 7);
  const hash = createHmac("sha1", salt).update("[example.com]:2200").digest("base64");
  expect(trusted(`|1|${salt.toString("base64")}|${hash} ${line}`, "example.com", 2200)).toBe(1);
  expect(trusted(`|1|${salt.toString("base64")}|${hash} ${line}`, "example.org", 2200)).toBe(0);
});

test("a pattern of many stars ends", () => {
  expect(trusted(`${"*a".repeat(5000)} ${line}`, `${"a".repeat(4000)}b`)).toBe(0);
});

test("markers are told apart, and unknown ones trust nothing", () => {
  const text = `@revoked h ${line}\n@cert-authority h ${line}\n@other h ${line}`;
  expect(knownKeys(text, "h", 22)).toEqual({ trusted: [], revoked: [key], authority: true });
});

test("a key that is not of its line's type is ignored", () => {
  expect(trusted(`h ssh-rsa ${line.split(" ")[1]}`, "h")).toBe(0);
});

test("the fingerprint is the one that ssh-keygen prints", async () => {
  const { stdout } = await runLocal(["ssh-keygen", "-lf", "-"], { env: { PATH: "/usr/bin:/bin" }, input: line });
  expect(stdout).toContain(` ${fingerprintOf(key)} `);
  expect(keyTypeOf(key)).toBe("ssh-ed25519");
});
