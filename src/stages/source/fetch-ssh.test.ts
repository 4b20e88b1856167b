import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { gitFixture, listening, portOf } from "./git-fixture.ts";

// Half a dozen processes of git a test, on a machine that others use too.
vi.setConfig({ testTimeout: 30_000 });

const fixture = gitFixture();
let ssh: InstanceType<typeof ssh2.Server>;
let hostKey: string;

beforeAll(async () => {
  ssh = await listening(sshServer());
});
afterAll(() => {
  ssh.close();
  fixture.remove();
});
afterEach(fixture.forget);

/** Answers `git-upload-pack` to the one key that it knows. */
function sshServer() {
  const pem = { type: "pkcs1", format: "pem" } as const;
  const serverKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export(pem);
  const clientKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export(pem);
  writeFileSync(join(fixture.root, "id"), clientKey, { mode: 0o600 });
  writeFileSync(join(fixture.root, "other-id"), serverKey, { mode: 0o600 });
  const parse = (key: string | Buffer) => {
    const parsed = ssh2.utils.parseKey(key);
    if (parsed instanceof Error) throw parsed;
    return parsed;
  };
  const known = parse(clientKey);
  const server = new ssh2.Server({ hostKeys: [serverKey] }, (client) => {
    client.on("authentication", (context) => {
      const right = context.method === "publickey" && context.key.data.equals(known.getPublicSSH());
      if (!right || context.method !== "publickey") return context.reject(["publickey"]);
      if (
        context.signature &&
        known.verify(context.blob ?? Buffer.alloc(0), context.signature, context.hashAlgo) !== true
      )
        return context.reject();
      context.accept();
    });
    client.on("error", () => undefined);
    client.on("session", (accept) => {
      const session = accept();
      session.on("env", (acceptEnv) => acceptEnv?.());
      session.on("exec", (acceptExec, _reject, { command }) => {
        const channel = acceptExec();
        const path = /^git-upload-pack '\/?([\w./-]+)'$/.exec(command)?.[1] ?? "";
        const child = spawn("git", ["upload-pack", join(fixture.served, path)], { env: fixture.env });
        channel.pipe(child.stdin).on("error", () => undefined);
        child.stdout.pipe(channel, { end: false });
        child.stderr.pipe(channel.stderr, { end: false });
        child.on("close", (code) => {
          channel.exit(code ?? 1);
          channel.end();
        });
      });
    });
  });
  const publicKey = parse(serverKey).getPublicSSH().toString("base64");
  hostKey = `ssh-rsa ${publicKey}`;
  return server;
}

const sshUrl = (path: string) => `ssh://git@localhost:${portOf(ssh)}${path}`;
const sshAccess = (host = "localhost") => {
  writeFileSync(join(fixture.root, "known_hosts"), `[${host}]:${portOf(ssh)} ${hostKey}\n`);
  return { sshKey: "id", knownHosts: join(fixture.root, "known_hosts") };
};

test("over SSH with a key, and only with a known host and the right key", async () => {
  const found = await fixture.fetch(sshUrl("/app.git#feature/login:apps/web"), sshAccess());
  expect(found).toMatchObject({ revision: fixture.commits.feature, subfolder: "apps/web", name: "app-web" });
  await expect(fixture.fetch(sshUrl("/app.git"), { ...sshAccess(), knownHosts: "/dev/null" })).rejects.toMatchObject({
    code: "git_host_key_refused",
  });
  await expect(
    fixture.fetch(sshUrl("/app.git"), { ...sshAccess(), sshKey: join(fixture.root, "other-id") }),
  ).rejects.toMatchObject({ code: "auth_failed" });
  await expect(fixture.fetch(sshUrl("/none.git"), sshAccess())).rejects.toMatchObject({ code: "not_a_repository" });
});

test("the connection goes to the address that was looked at; its key is the one known for the name", async () => {
  // Nothing but the pin knows this name.
  const found = await fixture.fetch(`ssh://git@git.invalid:${portOf(ssh)}/app.git`, {
    lookup: async () => ["127.0.0.1"],
    ...sshAccess("git.invalid"),
  });
  expect(found.revision).toBe(fixture.commits.main);
});
