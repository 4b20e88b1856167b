import { type ProtocolEra, Server } from "@modelcontextprotocol/server";
import type { Around } from "./call.ts";
import { serveCompletions } from "./completions.ts";
import { instructions } from "./instructions.ts";
import type { Keeper } from "./keeper.ts";
import { servePrompts } from "./prompts.ts";
import { serveResources } from "./resources.ts";
import type { Serving } from "./serving.ts";
import { serveTools } from "./tools.ts";
import type { Watch } from "./watch.ts";

/** A server for one connection of this era; both eras list and do the same. */
export function connectionServer(serving: Serving, era: ProtocolEra, keeper: Keeper, watch: Watch): Server {
  const server = new Server(
    { name: "berth", title: "Berth", version: serving.version },
    {
      capabilities: { tools: {}, resources: { subscribe: true }, prompts: {}, completions: {} },
      instructions,
      requestState: { verify: (state, ctx) => keeper.verify(state, ctx) },
    },
  );
  server.onerror = (error) => serving.log.debug({ error: serving.surface.scrub(error.message) }, "protocol");
  const around: Around = { server, era, keeper };
  serveTools(serving, around);
  serveResources(serving, around, watch);
  servePrompts(serving, around);
  serveCompletions(serving, around);
  return server;
}
