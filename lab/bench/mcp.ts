import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { plan } from "../../src/stages/plan/plan-fixture.ts";
import { openStore } from "../../src/store/open.ts";
import { putPlan } from "../../src/store/plans.ts";
import { npmTool } from "../npm-tools.ts";
import { ratioOf, say, shown } from "./figures.ts";

/** A command that speaks MCP over stdio. */
interface Server {
  name: string;
  words: [string, ...string[]];
}

const starts = 15;
const turns = 10;
const callsInTurn = 100;

/** The server that people install, and the same from source, beside the protocol's own example server. */
export async function compareServers(root: string): Promise<void> {
  const everything: Server = { name: "server-everything", words: [process.execPath, await exampleServer(), "stdio"] };
  const built: Server = { name: "berth serve", words: [process.execPath, join(root, "dist/cli.js"), "serve"] };
  const source: Server = { name: "berth serve (source)", words: [process.execPath, join(root, "src/cli.ts"), "serve"] };
  const home = mkdtempSync(join(tmpdir(), "berth-bench-mcp-"));
  try {
    const hash = storeOnePlan(home);
    await compareStarts([built, source], everything, home);
    await compareReads(built, everything, home, hash);
  } finally {
    rmSync(home, { recursive: true });
  }
}

const exampleServer = async () =>
  join(await npmTool("@modelcontextprotocol/server-everything@2026.8.31"), "dist/index.js");

function storeOnePlan(home: string): string {
  const store = openStore(home);
  try {
    return putPlan(store, { stack: plan.stack, serial: 0, plan, created: new Date().toISOString() });
  } finally {
    store.close();
  }
}

/** From the start of the process to the answer to `initialize`, over bare pipes: no client's own time counts. */
async function compareStarts(ours: Server[], everything: Server, home: string): Promise<void> {
  const times = new Map<Server, number[]>([everything, ...ours].map((server) => [server, []]));
  for (let round = 0; round < starts; round++)
    for (const [server, took] of times) took.push(await firstAnswer(server, home));
  say(`first answer of an MCP server, ${starts} starts each, milliseconds:`);
  const theirs = times.get(everything) ?? [];
  say(`  ${everything.name}: ${shown(theirs, 0)}`);
  for (const [server, took] of times)
    if (server !== everything) say(`  ${server.name}: ${shown(took, 0)} · ${ratioOf(took, theirs, 1.2)}`);
}

async function firstAnswer({ name, words: [program, ...args] }: Server, home: string): Promise<number> {
  const hello = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } };
  const began = performance.now();
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"], env: { ...process.env, BERTH_HOME: home } });
  child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params: hello })}\n`);
  const answered = await Promise.race([once(child.stdout, "data"), once(child, "exit").then(() => undefined)]);
  const took = performance.now() - began;
  if (answered === undefined) throw new Error(`${name} ended without an answer`);
  await stop(child);
  return took;
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** One call after another over the same client, both servers in turns. */
async function compareReads(berth: Server, everything: Server, home: string, hash: string): Promise<void> {
  const ours = await connected(berth, home);
  const theirs = await connected(everything, home);
  const calls = {
    echo: () => theirs.callTool({ name: "echo", arguments: { message: "hello" } }),
    get_plan: () => ours.callTool({ name: "get_plan", arguments: { plan: hash } }),
    "resources/read of a plan": () => ours.readResource({ uri: `berth://plans/${hash}` }, { cacheMode: "bypass" }),
  };
  try {
    const times = await inTurns(calls);
    say(`a read, ${turns * callsInTurn} calls each, milliseconds:`);
    say(`  ${everything.name}, echo: ${shown(times.echo, 2)}`);
    const read = times["resources/read of a plan"];
    say(`  ${berth.name}, resources/read of a plan: ${shown(read, 2)} · ${ratioOf(read, times.echo, 1.5)}`);
    // Without a limit: it says all of a plan twice, once for each kind of client, where echo says a word.
    say(`  ${berth.name}, get_plan: ${shown(times.get_plan, 2)} · ${ratioOf(times.get_plan, times.echo)}`);
  } finally {
    await ours.close();
    await theirs.close();
  }
}

async function connected({ words: [command, ...args] }: Server, home: string): Promise<Client> {
  const env = { PATH: process.env.PATH ?? "", HOME: home, BERTH_HOME: home };
  const client = new Client({ name: "bench", version: "1" });
  await client.connect(new StdioClientTransport({ command, args, env, stderr: "ignore" }));
  // As clients do: the list tells them how to check answers.
  await client.listTools();
  return client;
}

async function inTurns<Name extends string>(
  calls: Record<Name, () => Promise<object>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(calls) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let turn = -1; turn < turns; turn++)
    for (const name of names)
      for (let call = 0; call < callsInTurn; call++) {
        const began = performance.now();
        const answer = await calls[name]();
        if ("isError" in answer && answer.isError) throw new Error(`${name}: ${JSON.stringify(answer)}`);
        // The first turn warms up.
        if (turn >= 0) times[name].push(performance.now() - began);
      }
  return times;
}
