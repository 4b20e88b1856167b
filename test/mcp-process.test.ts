import { type ChildProcessWithoutNullStreams as Server, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Client as ModernClient } from "@modelcontextprotocol/client";
import { StdioClientTransport as ModernTransport } from "@modelcontextprotocol/client/stdio";
import { Client as OlderClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as OlderTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ResourceUpdatedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { openStore } from "../src/store/open.ts";
import { endRun, filled, runOf } from "./mcp/store.ts";

// Real processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const cli = join(import.meta.dirname, "../src/cli.ts");
const quiet = "--disable-warning=ExperimentalWarning";
const initialize = {
  ...{ jsonrpc: "2.0", id: 1, method: "initialize" },
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } },
};

// What one server compiled the next one reads, as for a person who starts it daily.
const caches = mkdtempSync(join(tmpdir(), "berth-caches-"));
afterAll(() => rmSync(caches, { recursive: true }));

let folder: string;
let env: Record<string, string>;
const closing: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-serve-"));
  env = { PATH: process.env["PATH"] ?? "", HOME: folder, XDG_CACHE_HOME: caches, BERTH_HOME: join(folder, "state") };
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  rmSync(folder, { recursive: true });
});

function start(words: string[], flags: string[] = []): Server {
  const child = spawn(process.execPath, [quiet, ...flags, cli, ...words], { env, stdio: "pipe" });
  closing.push(async () => child.kill("SIGKILL"));
  return child;
}

const say = (child: Server, message: object) => child.stdin.write(`${JSON.stringify(message)}\n`);

/** Everything that a server said and how it ended, after it has answered its first request. */
async function lifeOf(child: Server, end: () => void) {
  const out = text(child.stdout);
  const log = text(child.stderr);
  say(child, initialize);
  child.stdout.once("data", end);
  const [code, signal] = await once(child, "exit");
  return { code, signal, out: await out, log: await log };
}

test("a server loads no package that a client need not wait for", async () => {
  const child = start(["serve"], ["--import", join(import.meta.dirname, "mcp/loaded.ts")]);
  const { log, out } = await lifeOf(child, () => {
    child.stdout.once("data", () => child.stdin.end());
    // Read from the store, and so answered when all is there.
    say(child, { jsonrpc: "2.0", id: 2, method: "resources/list" });
  });
  expect(out).toContain('"resources":[]');
  const packages = /packages: (.*)/.exec(log)?.[1]?.split(" ") ?? [];
  const known = ["@modelcontextprotocol/core", "@modelcontextprotocol/server", "pino", "zod"];
  const ofPino = [
    "@pinojs/redact",
    "atomic-sleep",
    "on-exit-leak-free",
    "pino-std-serializers",
    "quick-format-unescaped",
  ];
  const alsoOfPino = ["safe-stable-stringify", "sonic-boom", "thread-stream"];
  expect(packages.filter((name) => ![...known, ...ofPino, ...alsoOfPino].includes(name))).toEqual([]);
  expect(packages).toEqual(expect.arrayContaining(known));
});

test("stdout is the protocol and nothing else; the log is on stderr", async () => {
  const child = start(["serve", "--verbose"]);
  const { out, log } = await lifeOf(child, () => {
    child.stdout.once("data", () => child.stdin.end());
    say(child, { jsonrpc: "2.0", id: 2, method: "tools/list" });
  });
  const lines = out.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line).id)).toEqual([1, 2]);
  expect(JSON.parse(log.split("\n")[0] ?? "")).toMatchObject({ msg: "a client connects" });
});

test.each([
  { what: "its client closes stdin", end: (child: Server) => child.stdin.end() },
  { what: "it is asked to with SIGTERM", end: (child: Server) => child.kill("SIGTERM") },
  { what: "it is interrupted", end: (child: Server) => child.kill("SIGINT") },
])("a server ends well when $what", async ({ end }) => {
  const child = start(["serve"]);
  expect(await lifeOf(child, () => end(child))).toMatchObject({ code: 0, signal: null });
});

test("a server ends with a call under way that waits for something far away", async () => {
  const child = start(["serve"]);
  const { code } = await lifeOf(child, () => {
    const source = "git@192.0.2.1:none/none.git";
    const params = { name: "analyze_repo", arguments: { source } };
    say(child, { jsonrpc: "2.0", id: 2, method: "tools/call", params });
    // Answered after the call was begun, since messages are taken in their order.
    child.stdout.once("data", () => child.stdin.end());
    say(child, { jsonrpc: "2.0", id: 3, method: "ping" });
  });
  expect(code).toBe(0);
});

test("a state folder that cannot be opened is told by each call, until it can be; the client's log says it too", async () => {
  mkdirSync(env["BERTH_HOME"] ?? "", { recursive: true, mode: 0o700 });
  writeFileSync(
    join(env["BERTH_HOME"] ?? "", "berth.db"),
    "no database at all, but long enough to be looked at".repeat(99),
  );
  let answers = "";
  const child = start(["serve"]);
  const { code, log } = await lifeOf(child, () => {
    const list = (id: number) =>
      say(child, { jsonrpc: "2.0", id, method: "tools/call", params: { name: "get_run", arguments: {} } });
    child.stdout.on("data", (chunk) => {
      answers += chunk;
      if (answers.includes('"id":7')) return child.stdin.end();
      if (!answers.includes('"id":6')) return;
      rmSync(join(env["BERTH_HOME"] ?? "", "berth.db"), { force: true });
      list(7);
    });
    list(6);
  });
  expect(code).toBe(0);
  expect(answers).toContain("state file is damaged");
  expect(answers).toContain("There is no run yet");
  expect(log).toContain("store_damaged");
});

test("the words of the command line are the command line's, and a wrong one is told to the person", async () => {
  const help = start(["serve", "--help"]);
  expect(await text(help.stdout)).toContain("--read-only");
  const wrong = start(["serve", "--read-write"]);
  const said = text(wrong.stderr);
  expect(await once(wrong, "exit")).toEqual([2, null]);
  expect(await said).toContain("--read-write");
  expect(existsSync(join(folder, "state"))).toBe(false);
});

test("a 2025-11-25 and a 2026-07-28 client on one state folder see each other's runs", async () => {
  const store = openStore(join(folder, "state"));
  closing.push(async () => store.close());
  const { hash } = filled(store);
  const args = [quiet, cli, "serve", "--read-only"];
  const serve = { command: process.execPath, args, env, stderr: "ignore" as const };

  const older = new OlderClient({ name: "older", version: "1" });
  await older.connect(new OlderTransport(serve));
  closing.push(() => older.close());
  const versionNegotiation = { mode: "auto" } as const;
  const modern = new ModernClient({ name: "modern", version: "1" }, { versionNegotiation });
  await modern.connect(new ModernTransport(serve));
  closing.push(() => modern.close());
  expect(modern.getProtocolEra()).toBe("modern");
  for (const client of [older, modern]) expect(client.getInstructions()).toContain("--read-only: it looks and plans");

  const run = runOf(store, hash);
  const uri = `berth://runs/${run}`;
  for (const { resources } of [await older.listResources(), await modern.listResources()])
    expect(resources.map((resource) => resource.uri)).toContain(uri);

  const heard: string[] = [];
  older.setNotificationHandler(ResourceUpdatedNotificationSchema, () => void heard.push("older"));
  modern.setNotificationHandler("notifications/resources/updated", () => void heard.push("modern"));
  await older.subscribeResource({ uri });
  await modern.listen({ resourceSubscriptions: [uri] });
  endRun(store, run);
  await expect.poll(() => heard.toSorted(), { timeout: 60_000 }).toEqual(["modern", "older"]);
});
