import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { registryLogin } from "./registry-login.ts";

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "berth-login-"));
  mkdirSync(join(home, ".docker"));
});
afterEach(() => rmSync(home, { recursive: true }));

const auth = (text: string) => ({ auth: Buffer.from(text).toString("base64") });
const write = (config: unknown, folder = join(home, ".docker")) =>
  writeFileSync(join(folder, "config.json"), typeof config === "string" ? config : JSON.stringify(config));
const login = (registry: string, env: Record<string, string> = {}) =>
  registryLogin({ HOME: home, PATH: `${home}:/usr/bin:/bin`, ...env }, registry);
/** A helper that notes what it was asked. */
const helper = (name: string, script: string) => {
  const file = join(home, `docker-credential-${name}`);
  writeFileSync(file, `#!/bin/sh\n{ echo "$@"; cat; } >> ${home}/asked\n${script}\n`);
  chmodSync(file, 0o755);
};
const asked = () => readFileSync(join(home, "asked"), "utf8");

test("who never logged in has no login", async () => {
  expect(await login("ghcr.io")).toBeUndefined();
  write({ auths: { "ghcr.io": {} } });
  expect(await login("ghcr.io")).toBeUndefined();
});

test("a login is for exactly its registry", async () => {
  write({
    auths: {
      "ghcr.io": auth("ann:s3cret:with:colons"),
      "registry.test:5000": auth("bob:other"),
      "https://index.docker.io/v1/": auth("hub:hubs"),
      "https://old.test/v1/": { identitytoken: "refresh" },
    },
  });
  expect(await login("ghcr.io")).toEqual({ username: "ann", password: "s3cret:with:colons" });
  expect(await login("registry.test:5000")).toEqual({ username: "bob", password: "other" });
  expect(await login("docker.io")).toEqual({ username: "hub", password: "hubs" });
  expect(await login("old.test")).toEqual({ identitytoken: "refresh" });
  for (const other of ["registry.test", "registry.test:5001", "evil.ghcr.io", "ghcr.io.evil.test", "hcr.io"])
    expect(await login(other)).toBeUndefined();
});

test("DOCKER_CONFIG names another folder", async () => {
  write({ auths: { "ghcr.io": auth("a:home") } });
  mkdirSync(join(home, "other"));
  write({ auths: { "ghcr.io": auth("a:other") } }, join(home, "other"));
  expect(await login("ghcr.io", { DOCKER_CONFIG: join(home, "other") })).toMatchObject({ password: "other" });
});

test("a credential helper is asked on its standard input, the one of the registry before the store", async () => {
  write({ credsStore: "store", credHelpers: { "gcr.test": "special" } });
  helper("store", `echo '{"ServerURL":"x","Username":"ann","Secret":"kept"}'`);
  helper("special", `echo '{"Username":"<token>","Secret":"refresh"}'`);
  expect(await login("ghcr.io")).toEqual({ username: "ann", password: "kept" });
  expect(asked()).toBe("get\nghcr.io\n");
  expect(await login("gcr.test")).toEqual({ identitytoken: "refresh" });
  await login("docker.io");
  expect(asked()).toBe("get\nghcr.io\nget\ngcr.test\nget\nhttps://index.docker.io/v1/\n");
});

test("a helper that knows nothing is no failure; one that is not there, fails or prints another thing is one, without its words", async () => {
  write({ credsStore: "store", auths: { "ghcr.io": auth("ann:file") } });
  helper("store", "echo 'credentials not found in native keychain'; exit 1");
  expect(await login("gcr.test")).toBeUndefined();
  expect(await login("ghcr.io")).toMatchObject({ password: "file" });
  const failure = async () => JSON.stringify(await login("ghcr.io").catch((error: unknown) => error));
  for (const script of ["echo hunter2; echo hunter2 >&2; exit 3", "echo hunter2"]) {
    helper("store", script);
    expect(await failure()).toContain("registry_login_unreadable");
    expect(await failure()).not.toContain("hunter2");
  }
  write({ credsStore: "absent" });
  expect(await failure()).toContain("no such program");
  write({ credsStore: "../../evil" });
  expect(await failure()).toContain("no such name");
});

test("a file that is damaged is not repeated", async () => {
  write('{"auths": {"ghcr.io": {"auth": "hunter2"');
  const error: unknown = await login("ghcr.io").catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "registry_login_unreadable" });
  expect(JSON.stringify(error)).not.toContain("hunter2");
});
