import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2, { type ServerChannel } from "ssh2";
import { afterAll, expect, test } from "vitest";
import { connectSsh } from "./connect.ts";
import { remoteEngine } from "./engine.ts";
import { execOver } from "./exec.ts";
import { fingerprintOf } from "./known-hosts.ts";
import { fetchHostKey, openSsh, type SshOptions } from "./ssh.ts";
import type { Target } from "./target.ts";

const folder = await mkdtemp(join(tmpdir(), "berth-ssh-"));
const closers: (() => void)[] = [];
afterAll(() => {
  for (const close of closers) close();
  return rm(folder, { recursive: true });
});

const blobOf = (publicKey: string) => Buffer.from(publicKey.split(" ")[1] ?? "", "base64");
const hostKeys = {
  ed25519: ssh2.utils.generateKeyPairSync("ed25519"),
  rsa: ssh2.utils.generateKeyPairSync("rsa", { bits: 2048 }),
};
const print = {
  ed25519: fingerprintOf(blobOf(hostKeys.ed25519.public)),
  rsa: fingerprintOf(blobOf(hostKeys.rsa.public)),
};
const client = ssh2.utils.generateKeyPairSync("ed25519");
const encrypted = ssh2.utils.generateKeyPairSync("ed25519", { passphrase: "open", cipher: "aes256-ctr", rounds: 4 });
await writeFile(join(folder, "key"), client.private);
await writeFile(join(folder, "encrypted"), encrypted.private);

/** A server that lets two keys in and runs commands here, or says `refuse` of them. */
async function serve({
  onExec = run,
}: {
  onExec?: (channel: ServerChannel, command: string) => void;
} = {}): Promise<number> {
  const allowed = [client, encrypted].map((pair) => blobOf(pair.public));
  const server = new ssh2.Server({ hostKeys: [hostKeys.ed25519.private, hostKeys.rsa.private] }, (connection) => {
    connection.on("error", () => undefined);
    connection.on("authentication", (login) => {
      if (login.method === "publickey" && allowed.some((key) => key.equals(login.key.data))) login.accept();
      else login.reject(["publickey"]);
    });
    connection.on("session", (accept) => {
      accept().on("exec", (acceptExec, _reject, { command }) => onExec(acceptExec(), command));
    });
    connection.on("openssh.streamlocal", (accept) => answerPing(accept()));
    connection.on("tcpip", (accept, _reject, { destIP, destPort }) => {
      const channel = accept();
      const socket = net.connect(destPort, destIP);
      socket.on("error", () => channel.close());
      channel.pipe(socket).pipe(channel);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** As an Engine that answers nothing else. */
function answerPing(channel: ServerChannel): void {
  channel.on("data", (asked: Buffer) => {
    if (asked.includes("/_ping")) channel.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK");
  });
}

function run(channel: ServerChannel, command: string): void {
  const child = spawn("/bin/sh", ["-c", command]);
  channel.pipe(child.stdin).on("error", () => undefined);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.on("close", (code) => {
    channel.exit(code ?? 255);
    channel.end();
  });
}

const target = (port: number, more: Partial<Target> = {}): Target => ({
  host: "127.0.0.1",
  port,
  user: "root",
  identityFiles: [join(folder, "absent"), join(folder, "key")],
  identitiesOnly: false,
  agent: undefined,
  knownHostsFiles: [],
  jumps: [],
  ...more,
});
const open = async (port: number, options: Partial<SshOptions>, more: Partial<Target> = {}) => {
  const connection = await openSsh(target(port, more), { knownHosts: "", ...options });
  closers.push(() => connection.ssh.destroy());
  return connection;
};
const code = (name: string) => expect.objectContaining({ code: name });
const port = await serve();

test("the host key is learnt without logging in, and pins the connection", async () => {
  expect(await fetchHostKey(target(port), { knownHosts: "" })).toEqual({
    fingerprint: print.ed25519,
    type: "ssh-ed25519",
  });
  expect((await open(port, { expectedHostKey: print.ed25519 })).hostKey).toBe(print.ed25519);
});

test("a pin of a key that the server would not show first still holds", async () => {
  expect((await open(port, { expectedHostKey: print.rsa })).hostKey).toBe(print.rsa);
  const knownHosts = `[127.0.0.1]:${port} ${hostKeys.rsa.public}`;
  expect((await open(port, { knownHosts })).hostKey).toBe(print.rsa);
});

test("another key than the pinned or known one is refused, and both are named", async () => {
  const other = ssh2.utils.generateKeyPairSync("ed25519").public;
  const otherPrint = fingerprintOf(blobOf(other));
  for (const options of [{ expectedHostKey: otherPrint }, { knownHosts: `[127.0.0.1]:${port} ${other}` }]) {
    const refused = open(port, { ...options, onNewHostKey: () => true });
    await expect(refused).rejects.toEqual(code("host_key_changed"));
    await expect(refused).rejects.toMatchObject({ cause: expect.stringContaining(otherPrint) });
    await expect(refused).rejects.toMatchObject({ cause: expect.stringContaining(print.ed25519) });
  }
});

test("an unknown key is a person's decision", async () => {
  await expect(open(port, {})).rejects.toEqual(code("host_key_unknown"));
  await expect(open(port, { onNewHostKey: () => false })).rejects.toEqual(code("host_key_unknown"));
  const asked: unknown[] = [];
  await open(port, { onNewHostKey: (server, key) => asked.push(server, key) > 0 });
  expect(asked).toEqual([`127.0.0.1:${port}`, { fingerprint: print.ed25519, type: "ssh-ed25519" }]);
});

test("a revoked key is refused even where it is pinned, an authority alone is not enough", async () => {
  const revoked = `@revoked * ${hostKeys.ed25519.public}`;
  await expect(open(port, { knownHosts: revoked, expectedHostKey: print.ed25519 })).rejects.toEqual(
    code("host_key_revoked"),
  );
  const authority = `@cert-authority * ${hostKeys.rsa.public}`;
  await expect(open(port, { knownHosts: authority, onNewHostKey: () => true })).rejects.toEqual(
    code("host_key_unverifiable"),
  );
});

test("a refused login names what was tried", async () => {
  const stranger = join(folder, "stranger");
  await writeFile(stranger, ssh2.utils.generateKeyPairSync("ed25519").private);
  const refused = open(port, { expectedHostKey: print.ed25519 }, { identityFiles: [stranger] });
  await expect(refused).rejects.toEqual(code("login_refused"));
  await expect(refused).rejects.toMatchObject({ cause: expect.stringContaining(`${stranger} (SHA256:`) });
  await expect(open(port, { expectedHostKey: print.ed25519 }, { identityFiles: [] })).rejects.toMatchObject({
    cause: expect.stringContaining("no key was found"),
  });
});

test("an encrypted key is asked for only when it is needed", async () => {
  const both = { identityFiles: [join(folder, "encrypted"), join(folder, "key")] };
  const never = () => Promise.reject(new Error("asked"));
  await open(port, { expectedHostKey: print.ed25519, passphrase: never }, both);
  const only = { identityFiles: [join(folder, "encrypted")] };
  await expect(open(port, { expectedHostKey: print.ed25519 }, only)).rejects.toEqual(code("passphrase_needed"));
  const answers = ["wrong", "open"];
  await open(port, { expectedHostKey: print.ed25519, passphrase: async () => answers.shift() }, only);
  expect(answers).toEqual([]);
});

test("where nothing listens, where no SSH answers, and where there is no such name", async () => {
  const silent = net.createServer((socket) => socket.resume().end("220 mail\r\n"));
  await new Promise<void>((listening) => silent.listen(0, "127.0.0.1", listening));
  const silentPort = (silent.address() as AddressInfo).port;
  await expect(open(silentPort, {})).rejects.toEqual(code("host_unreachable"));
  await new Promise((closed) => silent.close(closed));
  await expect(open(silentPort, {})).rejects.toMatchObject({
    code: "host_unreachable",
    cause: expect.stringContaining("refused"),
  });
  await expect(open(22, {}, { host: "no-such-host.invalid" })).rejects.toMatchObject({
    code: "host_unreachable",
    cause: expect.stringMatching(/name/),
  });
});

test("through a jump, each server by its own key", async () => {
  const inner = await serve();
  const knownHosts = `[127.0.0.1]:${port} ${hostKeys.ed25519.public}`;
  const connection = await open(inner, { knownHosts, expectedHostKey: print.rsa }, { jumps: [target(port)] });
  expect(await execOver(connection, [])(["echo", "there"])).toMatchObject({ code: 0, stdout: "there\n" });
  await expect(open(inner, { expectedHostKey: print.rsa }, { jumps: [target(port)] })).rejects.toEqual(
    code("host_key_unknown"),
  );
});

test("words arrive as they were, with input, both outputs and the code", async () => {
  const exec = execOver(await open(port, { expectedHostKey: print.ed25519 }), []);
  const heard: string[] = [];
  const words = ["sh", "-c", 'cat; printf %s "$1" >&2; exit 3', "sh", "it's $HOME é"];
  expect(await exec(words, { input: "given", onOutput: (text) => heard.push(text) })).toEqual({
    code: 3,
    signal: null,
    stdout: "given",
    stderr: "it's $HOME é",
  });
  expect(new Set(heard)).toEqual(new Set(["given", "it's $HOME é"]));
});

test("an abort ends the command there and rejects with the reason; a timeout gives code null", async () => {
  const exec = execOver(await open(port, { expectedHostKey: print.ed25519 }), []);
  const abort = new AbortController();
  const file = join(folder, "ended");
  const script = `trap 'echo ended >${file}; exit' TERM; echo up; while :; do sleep 0.05; done`;
  const running = exec(["sh", "-c", script], {
    signal: abort.signal,
    onOutput: () => abort.abort(new Error("enough")),
  });
  await expect(running).rejects.toThrow("enough");
  expect((await exec(["cat", file])).stdout).toBe("ended\n");
  expect((await exec(["sleep", "60"], { timeoutMs: 50 })).code).toBe(null);
});

test("a connection that dies rejects what runs and what comes, and throws nowhere else", async () => {
  const connection = await open(port, { expectedHostKey: print.ed25519 });
  const exec = execOver(connection, []);
  const running = exec(["sh", "-c", "echo up; sleep 60"], {
    onOutput: () => connection.ssh.destroy(),
    timeoutMs: 60_000,
  });
  await expect(running).rejects.toEqual(code("connection_lost"));
  await expect(exec(["true"])).rejects.toEqual(code("connection_lost"));
  expect(await connection.ended).toEqual(code("connection_lost"));
});

test("a call of the Engine that is under way when the connection ends, and one just then, say that it was lost", async () => {
  let hangUp = () => {};
  const relay = net.createServer((socket) => {
    const there = net.connect(port, "127.0.0.1");
    socket.pipe(there, { end: false }).pipe(socket, { end: false });
    hangUp = () => socket.end();
  });
  await new Promise<void>((listening) => relay.listen(0, "127.0.0.1", listening));
  closers.push(() => relay.close());
  const connection = await open((relay.address() as AddressInfo).port, { expectedHostKey: print.ed25519 });
  const engine = await remoteEngine(connection, [], execOver(connection, []));
  const then = new Promise((resolve, reject) => {
    connection.ssh.once("end", () => engine.version().then(resolve, reject));
  });
  const underWay = engine.version();
  hangUp();
  const lost = { status: "rejected", reason: code("connection_lost") };
  expect(await Promise.allSettled([underWay, then])).toEqual([lost, lost]);
});

test("who is neither root nor may become root without a password is told the line to add", async () => {
  const stubborn = await serve({
    onExec(channel) {
      channel.stderr.write("sudo: a password is required\n");
      channel.exit(1);
      channel.end();
    },
  });
  await expect(
    connectSsh(target(stubborn, { user: "ann" }), { knownHosts: "", expectedHostKey: print.ed25519 }),
  ).rejects.toMatchObject({ code: "not_root", next: expect.stringContaining("ann ALL=(ALL) NOPASSWD: ALL") });
});
