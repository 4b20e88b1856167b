import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parseAddress, resolveTarget } from "./target.ts";

const folder = await mkdtemp(join(tmpdir(), "berth-target-"));
afterAll(() => rm(folder, { recursive: true }));
const env = { PATH: "/usr/bin:/bin", HOME: "/home/ann", USER: "ann", SSH_AUTH_SOCK: "/run/agent" };

async function config(text: string): Promise<string> {
  const path = join(folder, "config");
  await writeFile(path, text);
  return path;
}

test.each([
  ["ssh://root@192.0.2.1:2222", { user: "root", host: "192.0.2.1", port: 2222 }],
  ["ssh://example.com/", { host: "example.com" }],
  ["ssh://deploy%2Bci@example.com", { user: "deploy+ci", host: "example.com" }],
  ["ann@example.com", { user: "ann", host: "example.com" }],
  ["production", { host: "production" }],
  ["ssh://root@[2001:db8::1]:22", { user: "root", host: "2001:db8::1", port: 22 }],
  ["[fe80::1%eth0]", { host: "fe80::1%eth0" }],
])("%s is an address", (text, address) => {
  expect(parseAddress(text)).toEqual(address);
});

test.each([
  "",
  "-oProxyCommand=id",
  "-l@host",
  "ssh://-x",
  "a b",
  "host:0",
  "host:70000",
  "https://host",
  "ssh://h/path",
  "a@b@c",
  "h;id",
  "ssh://root%40good.example.com@evil.example.com",
  "ssh://root%40good%3A22%2C%20host%20key%20SHA256%3Ax@evil",
  "ssh://a%0Ab@host",
  "ssh://%E2%80%AEroot@host",
  "ssh://%zz@host",
  "root;id@host",
  "ssh://$(id)@host",
])("%j is none", (text) => {
  expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: "bad_address" }));
});

test("an alias brings host, port, user and key; what is typed wins", async () => {
  const included = join(folder, "included");
  await writeFile(included, "Host web\n HostName 192.0.2.7\n Port 2200\n User deploy\n IdentityFile ~/.ssh/%r-key\n");
  const configFile = await config(`Include ${included}\nHost *\n IdentitiesOnly yes\n IdentityAgent none\n`);
  expect(await resolveTarget("web", { env, configFile })).toMatchObject({
    host: "192.0.2.7",
    port: 2200,
    user: "deploy",
    identityFiles: ["/home/ann/.ssh/deploy-key"],
    identitiesOnly: true,
    agent: undefined,
    jumps: [],
  });
  const typed = await resolveTarget("ssh://root@web:22", { env, configFile, identityFile: "/keys/a" });
  expect(typed).toMatchObject({ host: "192.0.2.7", port: 22, user: "root" });
  expect(typed.identityFiles).toEqual(["/keys/a", "/home/ann/.ssh/root-key"]);
});

test("jumps are walked in order, each by its own settings", async () => {
  const configFile = await config(
    "Host inner\n ProxyJump bob@middle:2022,third\nHost middle\n HostName 192.0.2.9\n ProxyJump outer\nHost outer\n User eve\n",
  );
  const { jumps } = await resolveTarget("ssh://root@inner", { env, configFile });
  expect(jumps.map(({ user, host, port }) => `${user}@${host}:${port}`)).toEqual([
    "eve@outer:22",
    "bob@192.0.2.9:2022",
    expect.stringMatching(/@third:22$/),
  ]);
});

test("a circle of jumps and a ProxyCommand are refused", async () => {
  const circle = await config("Host a\n ProxyJump b\nHost b\n ProxyJump a\n");
  const refused = expect.objectContaining({ code: "ssh_config_unsupported" });
  await expect(resolveTarget("a", { env, configFile: circle })).rejects.toEqual(refused);
  const command = await config("Host *\n ProxyCommand nc %h %p\n");
  await expect(resolveTarget("a", { env, configFile: command })).rejects.toEqual(refused);
});

test("without an SSH client the defaults hold", async () => {
  expect(await resolveTarget("example.com", { env: { ...env, PATH: folder } })).toEqual({
    host: "example.com",
    port: 22,
    user: "ann",
    identityFiles: ["/home/ann/.ssh/id_ed25519", "/home/ann/.ssh/id_ecdsa", "/home/ann/.ssh/id_rsa"],
    identitiesOnly: false,
    agent: "/run/agent",
    knownHostsFiles: ["/home/ann/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"],
    jumps: [],
  });
});
