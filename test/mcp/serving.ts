import { randomBytes, randomUUID } from "node:crypto";
import { InMemoryTransport } from "@modelcontextprotocol/server";
import { z } from "zod";
import type { Log, Serving } from "../../src/server/serving.ts";
import { usualLimits } from "../../src/server/serving.ts";
import { serveOn } from "../../src/server.ts";
import type { Answer, Dialogs, Surface } from "../../src/services/surface.ts";
import { defineTool, type Tool } from "../../src/tools/tool.ts";

export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Dialogs as the store keeps them, in memory: the newest of a request counts, once. The last tests of `mcp-dialogs.test.ts` have the real ones. */
export function dialogsInMemory(): Dialogs & { closed: Set<string> } {
  const newest = new Map<string, string>();
  const closed = new Set<string>();
  return {
    closed,
    key: randomBytes(32),
    open(request) {
      const id = randomUUID();
      newest.set(request, id);
      return id;
    },
    take(dialog, request) {
      if (closed.has(request) || newest.get(request) !== dialog) return false;
      newest.delete(request);
      return true;
    },
  };
}

/** A surface of which only what a test gives is there; the rest fails loudly. */
export function surfaceWith(parts: Partial<Surface>): Surface {
  const scrub = parts.scrub ?? ((text: string) => text);
  return new Proxy(
    { dialogs: dialogsInMemory(), version: () => "1", scrub, scrubber: () => scrub, ...parts } as Surface,
    {
      get(target, name) {
        if (name in target) return target[name as keyof Surface];
        throw new Error(`the test gave no ${String(name)}`);
      },
    },
  );
}

/** Serves nothing over nothing. */
export const nothing: Serving = {
  surface: surfaceWith({}),
  tools: [],
  resources: [],
  readOnly: false,
  limits: usualLimits,
  log: silent,
};

/** Serves one in-memory connection; answers the client's end of it, and what ends the serving. */
export function served(given: Partial<Serving>) {
  const [client, wire] = InMemoryTransport.createLinkedPair();
  const end = new AbortController();
  const load = async () => ({ ...nothing, surface: surfaceWith({}), ...given });
  const log = given.log ?? silent;
  const ended = serveOn(wire, { version: "1.2.3", load, log, signal: end.signal });
  return { client, ended, end: () => end.abort() };
}

/** Asks the person about the request that is named, and says what they answered. */
export const askTool: Tool = defineTool({
  name: "ask",
  title: "Ask",
  description: "asks",
  effect: "change",
  openWorld: false,
  input: z.strictObject({ request: z.string().describe("of an approval"), typed: z.string().optional() }),
  output: z.object({ answer: z.enum(["yes", "no", "unanswered", "unable"]), client: z.string() }),
  async run({ request, typed }, { asker }) {
    const answer: Answer = await asker.ask({ request, message: `Do ${request}?`, typed: typed ?? null });
    return { answer, client: asker.client };
  },
});

/** Leads the person to a page, and says what they answered. */
export const openTool: Tool = defineTool({
  name: "open",
  title: "Open",
  description: "opens a page",
  effect: "change",
  openWorld: false,
  input: z.strictObject({ id: z.string() }),
  output: z.object({ answer: z.string() }),
  async run({ id }, { asker }) {
    const page = { message: "A value, please.", url: `http://127.0.0.1:1/${id}`, id };
    return { answer: asker.open ? await asker.open(page) : "unable" };
  },
});

/** Whatever a test wants to happen in a call. */
export const toolThat = (run: Tool["run"], effect: Tool["effect"] = "read", name = "does"): Tool => ({
  name,
  title: "Does",
  description: "does what the test says",
  effect,
  openWorld: false,
  input: z.strictObject({ word: z.string().max(5).optional().describe("any short word") }),
  output: z.looseObject({}),
  run,
});
