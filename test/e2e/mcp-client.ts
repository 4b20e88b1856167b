import { join } from "node:path";
import { Client as ModernClient } from "@modelcontextprotocol/client";
import { StdioClientTransport as ModernTransport } from "@modelcontextprotocol/client/stdio";
import { Client as OlderClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as OlderTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema, ResourceUpdatedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import type { Server } from "../../lab/server.ts";
import type { Cli } from "./berth.ts";

/** Whom a server is started for: a state folder, the key to the lab's server, and the folder that sources are named from. */
export interface Place {
  cli: Cli;
  server: Server;
  cwd: string;
}

/** What a person does in a dialog. */
export type Reply = { action: "accept"; content: { approve: boolean } } | { action: "decline" } | { action: "cancel" };
export const yes: Reply = { action: "accept", content: { approve: true } };
/** What hosts without a person answer. */
export const cancel: Reply = { action: "cancel" };

export interface Facts {
  status?: string;
  plan?: string;
  run?: string;
  request?: string;
  state?: string;
  [name: string]: unknown;
}

/** A client over a `berth serve` of its own, that keeps what it heard and how long each call took. */
export interface McpClient {
  /** What the model gets. Throws where the call failed, with what it says. */
  tool(name: string, args: object): Promise<Facts>;
  /** What a call failed with. Throws where it did not. */
  refusal(name: string, args: object): Promise<string>;
  toolNames(): Promise<string[]>;
  addresses(): Promise<string[]>;
  read(address: string): Promise<string>;
  /** The addresses that changed, as they come in. */
  watch(address: string): Promise<string[]>;
  /** What its person was asked, and what they answer. */
  dialogs: string[];
  reply: Reply;
  /** Every message of the server's. */
  heard: unknown[];
  /** Of the tools' calls, in ms. */
  calls: { tool: string; ms: number }[];
  close(): Promise<void>;
}

export interface ClientOptions {
  flags?: readonly string[];
  /** Without it nobody can be asked. */
  dialogs?: boolean;
}

/** Clients of desktops give a call up after a minute. */
const patience = { timeout: 60_000 };
const program = join(import.meta.dirname, "../../src/cli.ts");

/** How a client of this place starts its server. */
export function serverIn({ cli, server, cwd }: Place, flags: readonly string[] = []) {
  const env = Object.entries({ ...cli.env, BERTH_IDENTITY: server.key });
  const set = env.filter((entry): entry is [string, string] => entry[1] !== undefined);
  const args = [program, "serve", ...flags];
  return { command: process.execPath, args, env: Object.fromEntries(set), cwd, stderr: "ignore" as const };
}

const elicitation = ({ dialogs = true }: ClientOptions) => (dialogs ? { elicitation: {} } : {});

/** By the SDK of the clients of before 2026, which speaks 2025-11-25. */
export async function olderClient(place: Place, options: ClientOptions = {}): Promise<McpClient> {
  const client = new OlderClient({ name: "older", version: "1" }, { capabilities: elicitation(options) });
  const transport = new OlderTransport(serverIn(place, options.flags));
  const updated = (hear: (address: string) => void) =>
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => hear(params.uri));
  const made = clientOf(
    {
      callTool: (wanted) => client.callTool(wanted, undefined, patience),
      listTools: () => client.listTools(),
      listResources: () => client.listResources(),
      readResource: (uri) => client.readResource({ uri }),
      subscribe: (uri) => client.subscribeResource({ uri }),
      close: () => client.close(),
    },
    updated,
  );
  if (options.dialogs !== false)
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => answerOf(made, params.message));
  // The SDK hands each message to whoever listened before, too.
  transport.onmessage = (message) => made.heard.push(message);
  await client.connect(transport);
  return made;
}

/** Of its own transport the SDK probes a twin; of any other it probes the one that stays. */
class ProbedInPlace extends ModernTransport {}

/** By the SDK of the clients of today, and only by the revision of 2026-07-28. */
export async function modernClient(place: Place, options: ClientOptions = {}): Promise<McpClient> {
  const client = new ModernClient(
    { name: "modern", version: "1" },
    { capabilities: elicitation(options), versionNegotiation: { mode: { pin: "2026-07-28" } } },
  );
  const transport = new ProbedInPlace(serverIn(place, options.flags));
  const updated = (hear: (address: string) => void) =>
    client.setNotificationHandler("notifications/resources/updated", ({ params }) => hear(Updated.parse(params).uri));
  const made = clientOf(
    {
      callTool: (wanted) => client.callTool(wanted, patience),
      listTools: () => client.listTools(),
      listResources: () => client.listResources(),
      readResource: (uri) => client.readResource({ uri }),
      subscribe: (uri) => client.listen({ resourceSubscriptions: [uri] }),
      close: () => client.close(),
    },
    updated,
  );
  if (options.dialogs !== false)
    client.setRequestHandler("elicitation/create", ({ params }) => answerOf(made, params.message));
  transport.onmessage = (message) => made.heard.push(message);
  await client.connect(transport);
  return made;
}

function answerOf(made: McpClient, message: string): Reply {
  made.dialogs.push(message);
  return made.reply;
}

/** What both SDKs can do, each in its way. */
interface Sdk {
  callTool(wanted: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  listTools(): Promise<{ tools: { name: string }[] }>;
  listResources(): Promise<{ resources: { uri: string }[] }>;
  readResource(uri: string): Promise<unknown>;
  subscribe(uri: string): Promise<unknown>;
  close(): Promise<void>;
}

const Called = z.object({
  isError: z.boolean().optional(),
  content: z.tuple([z.looseObject({ text: z.string() })]),
  structuredContent: z.looseObject({}).optional(),
});
const Contents = z.object({ contents: z.tuple([z.looseObject({ text: z.string() })]) });
const Updated = z.object({ uri: z.string() });

function clientOf(sdk: Sdk, onUpdate: (hear: (address: string) => void) => void): McpClient {
  const watched: string[] = [];
  onUpdate((address) => watched.push(address));
  const calls: McpClient["calls"] = [];

  async function called(name: string, args: object) {
    const began = performance.now();
    try {
      return Called.parse(await sdk.callTool({ name, arguments: { ...args } }));
    } finally {
      calls.push({ tool: name, ms: Math.round(performance.now() - began) });
    }
  }

  return {
    async tool(name, args) {
      const { isError, content, structuredContent } = await called(name, args);
      if (isError || !structuredContent) throw new Error(`${name} failed: ${content[0].text}`);
      return structuredContent as Facts;
    },
    async refusal(name, args) {
      const { isError, content } = await called(name, args);
      if (isError) return content[0].text;
      throw new Error(`${name} was done: ${content[0].text}`);
    },
    toolNames: async () => (await sdk.listTools()).tools.map(({ name }) => name),
    addresses: async () => (await sdk.listResources()).resources.map(({ uri }) => uri),
    read: async (address) => Contents.parse(await sdk.readResource(address)).contents[0].text,
    async watch(address) {
      await sdk.subscribe(address);
      return watched;
    },
    dialogs: [],
    reply: yes,
    heard: [],
    calls,
    close: () => sdk.close(),
  };
}

/** What a model does with a run: asks until nobody works on it any more. Answers the last reading, with all of the log. */
export async function followed(client: McpClient, run: string): Promise<Facts & { said: string }> {
  let said = "";
  for (let cursor: string | undefined; ; ) {
    const facts = await client.tool("get_run", { run, ...(cursor !== undefined && { cursor }) });
    const log = z.object({ text: z.string(), cursor: z.string() }).parse(facts["log"]);
    said += log.text;
    cursor = log.cursor;
    if (facts.state !== "running" && facts.state !== "pending") return { ...facts, said };
  }
}

/** The run that a part's call was answered with, once it is done. */
export async function doneBy(client: McpClient, part: string, plan: string): Promise<string> {
  const { status, run = "" } = await client.tool(part, { plan });
  if (status !== "run") throw new Error(`${part} answered ${status}`);
  const facts = await followed(client, run);
  if (facts.state !== "done") throw new Error(`${part} is ${facts.state}: ${JSON.stringify(facts)}`);
  return run;
}
