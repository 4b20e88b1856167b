import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import ssh2 from "ssh2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { putServer } from "../store/servers.ts";
import { openedBerth } from "./fixture.ts";
import { sshCommand } from "./ssh-command.ts";

const key = ssh2.utils.generateKeyPairSync("ed25519").private;
const parsed = ssh2.utils.parseKey(key);
const blob = parsed instanceof Error ? Buffer.alloc(0) : parsed.getPublicSSH();
const fingerprint = `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;

/** Says what it was asked to run, as whom, and ends with 7. */
const server = new ssh2.Server({ hostKeys: [key] }, (client) => {
  let user = "";
  client.on("error", () => undefined);
  client.on("authentication", (context) => {
    user = context.username;
    context.accept();
  });
  client.on("session", (accept) =>
    accept().on("exec", (start, _reject, { command }) => {
      const channel = start();
      channel.write(`${user}: ${command}`);
      channel.exit(7);
      channel.end();
    }),
  );
});
const berth = openedBerth();
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(() => {
  server.close();
  berth.remove();
});

function known(name: string, hostKey: string): string {
  const { port } = server.address() as AddressInfo;
  putServer(berth.store, { name, target: `ssh://ann@127.0.0.1:${port}`, hostKey, facts: {}, updated: "" });
  return name;
}

async function ran(words: string[]) {
  const child = spawn("ssh", words, { stdio: ["ignore", "pipe", "pipe"], env: berth.config.env });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { out, err, code };
}

test("ssh itself goes there with the pinned key, and its code is the command's", async () => {
  const words = await sshCommand(berth, known("right", fingerprint), ["df", "-h"]);
  expect(await ran(words)).toMatchObject({ out: "ann: df -h", code: 7 });
});

test("with another key than the pinned one nobody is logged in", async () => {
  const { out, err, code } = await ran(await sshCommand(berth, known("wrong", `SHA256:${"A".repeat(43)}`), ["id"]));
  expect({ out, code }).toEqual({ out: "", code: 255 });
  expect(err).toContain("Host key verification failed");
});

test("a server of which no key is pinned, and a name that nobody gave, are not gone to", async () => {
  putServer(berth.store, { name: "new", target: "ssh://ann@127.0.0.1:1", hostKey: null, facts: {}, updated: "" });
  await expect(sshCommand(berth, "new", [])).rejects.toMatchObject({ code: "not_pinned" });
  await expect(sshCommand(berth, "none", [])).rejects.toMatchObject({ code: "no_such_server" });
});
