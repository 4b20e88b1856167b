import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { changes, type Facts } from "../../evals/detector/facts.ts";
import { serverFacts } from "../../evals/detector/server.ts";
import { authorityFacts, grantsIn, requestStates } from "../../evals/detector/store.ts";
import { type MessagesApi, startMessagesApi } from "../../evals/messages-api.ts";
import { call, get, type Part, playing, type Script, say } from "../../evals/script.ts";
import { npmTool } from "../../lab/npm-tools.ts";
import { removeServer, type Server } from "../../lab/server.ts";
import { ask, type Cli, copyOfGuestbook, openCli, testLab } from "../e2e/berth.ts";
import { followed, type McpClient, olderClient, type Place, serverIn } from "../e2e/mcp-client.ts";
import { freshServer } from "../e2e/servers.ts";
import { inTerminal } from "../e2e/terminal.ts";

// The real Claude Code without a person at it, a scripted model behind it and Berth as its only MCP server. What is shown
// is the client and the server, not a model's judgement.
const lab = testLab();
const domain = "claude.example.test";
let server: Server;
let cli: Cli;
let place: Place;
let older: McpClient;
let api: MessagesApi;
let program: string;
let home: string;
let config: string;

/** What the model was told, as the tools answered. */
const told: Record<string, Record<string, unknown>> = {};
/** The model's next reply waits for it. */
let pause: Promise<unknown> = Promise.resolve();
let changed: string[] = [];

const target = () => `ssh://${server.user}@${server.address}`;
const look = async (): Promise<Facts> => ({ ...(await serverFacts(lab, server)), ...authorityFacts(cli.home) });

const berth = (tool: string) => `mcp__berth__${tool}`;
const parts = ["provision_server", "build_images", "deploy_stack"];

/** The model: until an approval is needed; and, when the person has said more, on to the end and to the other's run. */
function* model(): Script {
  const tools = ["analyze_repo", "propose_plan", "get_run", "get_status", ...parts];
  // It loads the tools of servers when it wants them.
  yield* call("ToolSearch", { query: `select:${tools.map(berth).join(",")}`, max_results: tools.length });
  const { analysis } = yield* get(berth("analyze_repo"), { source: "./guestbook" });
  const { hash: plan } = yield* get(berth("propose_plan"), { analysis, server: target(), wishes: { domain } });
  told["asked"] = yield* get(berth("provision_server"), { plan });
  yield* say(String(told["asked"]["tell_the_person"]));
  for (const part of parts) {
    const { run } = yield* get(berth(part), { plan });
    if (part === "deploy_stack") pause = watch(String(run));
    told[part] = yield* follow(run);
  }
  pause = otherRun(String(plan));
  yield* get(berth("get_status"), {});
  told["other"] = yield* follow(told["others"]?.["run"]);
  yield* say("It is deployed.");
}

function* follow(run: unknown): Part<Record<string, unknown>> {
  for (;;) {
    const facts = yield* get(berth("get_run"), { run });
    if (facts["state"] !== "running" && facts["state"] !== "pending") return facts;
  }
}

async function watch(run: string): Promise<void> {
  changed = await older.watch(`berth://runs/${run}`);
}

/** What the other client does while Claude Code waits for its model. */
async function otherRun(plan: string): Promise<void> {
  const wanted = { plan, wishes: { env: { SITE_TITLE: "Another client's" } } };
  const { hash } = await older.tool("propose_plan", wanted);
  told["others"] = await older.tool("deploy_stack", { plan: hash });
}

const Said = z.object({ is_error: z.boolean(), result: z.string(), permission_denials: z.array(z.unknown()) });

/** One `claude -p`, as a program would call it. */
async function claude(...words: string[]): Promise<z.infer<typeof Said>> {
  const servers = ["--mcp-config", config, "--strict-mcp-config", "--allowedTools", "mcp__berth"];
  const child = spawn(program, ["-p", ...words, ...servers, "--output-format", "json"], {
    cwd: place.cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      HOME: home,
      CLAUDE_CONFIG_DIR: home,
      ANTHROPIC_BASE_URL: api.url,
      ANTHROPIC_API_KEY: api.key,
      DISABLE_AUTOUPDATER: "1",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`claude ended with ${code}: ${stdout}${stderr}`);
  return Said.parse(JSON.parse(stdout));
}

beforeAll(async () => {
  program = join(await npmTool("@anthropic-ai/claude-code@2.1.330"), "bin/claude.exe");
  server = await freshServer(lab, "claude");
  cli = await openCli(lab);
  place = { cli, server, cwd: dirname(await copyOfGuestbook()) };
  home = await mkdtemp(join(tmpdir(), "berth-claude-"));
  config = join(home, "servers.json");
  const { command, args, env } = serverIn(place);
  await writeFile(config, JSON.stringify({ mcpServers: { berth: { command, args, env } } }));
  const next = playing(model());
  api = await startMessagesApi(async (body) => {
    await pause;
    return next(body);
  });
  older = await olderClient(place);
});
afterAll(async () => {
  await older?.close();
  await api?.stop();
  await cli?.close();
  if (server) await removeServer(lab, server.name);
  for (const folder of [home, place?.cwd]) if (folder) await rm(folder, { recursive: true });
});

test("where nobody answers its dialog that is no yes: it is told what the person types, and nothing changes", async () => {
  const before = await look();
  const { is_error, result, permission_denials } = await claude("Put ./guestbook on my server, please.");
  expect({ is_error, permission_denials }).toEqual({ is_error: false, permission_denials: [] });
  expect(told["asked"]).toMatchObject({
    status: "approval_required",
    // It has dialogs, and without a person it answers them with cancel.
    tell_the_person: expect.stringMatching(/^Nobody answered the question in this client\./),
  });
  expect(result).toContain(`berth approve ${told["asked"]?.["request"]}`);
  expect(requestStates(cli.home)).toEqual(["open"]);
  expect(changes(before, await look())).toEqual([]);
});

test("after berth approve in another terminal its next call goes on, to the verified answer", async () => {
  const { code, shown } = await inTerminal(place, ["approve", String(told["asked"]?.["request"])], "yes");
  expect({ code, shown }).toEqual({ code: 0, shown: expect.stringContaining("Approved.") });

  const { is_error, result } = await claude("--continue", "I have approved it. Go on.");
  expect({ is_error, result }).toEqual({ is_error: false, result: "It is deployed." });
  for (const part of parts) expect(told[part]).toMatchObject({ state: "done" });
  expect(told["deploy_stack"]).toMatchObject({ addresses: [`https://${domain}`] });
  expect((await ask(lab, server)).status).toBe(200);
  const [grant] = grantsIn(cli.home);
  expect(grant).toMatchObject({ plan: told["deploy_stack"]?.["plan"], channel: "terminal" });
  expect(grant?.spent.map(({ part }) => part)).toEqual(["build", "deploy", "provision"]);
});

test("it and a client of 2025-11-25, on one state folder at the same time, have seen each other's run", async () => {
  const theirs = String(told["deploy_stack"]?.["run"]);
  expect(changed).toContain(`berth://runs/${theirs}`);
  expect(await followed(older, theirs)).toMatchObject({ state: "done" });
  expect(told["other"]).toMatchObject({ run: told["others"]?.["run"], state: "done" });
  expect(older.dialogs).toHaveLength(1);
  expect((await ask(lab, server)).body).toContain("Another client");
});

test("it sent nothing that the real API refuses", () => {
  expect(api.refused).toEqual([]);
  expect(api.requests.length).toBeGreaterThan(10);
});
