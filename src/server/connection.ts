import type { JSONRPCMessage, ProtocolEra, Server } from "@modelcontextprotocol/server";
import { serveCompletions } from "./completions.ts";
import { type Keeper, keeperOf } from "./keeper.ts";
import { servePrompts } from "./prompts.ts";
import { serveResources } from "./resources.ts";
import type { Serving } from "./serving.ts";
import { hearSubscription } from "./subscription.ts";
import { serveTools } from "./tools.ts";
import { watchResources } from "./watch.ts";

/** What answers one client, behind the greeting. */
export interface Connection {
  keeper: Keeper;
  /** Lets a server of this era do what Berth does; a client that tries both eras meets two of them. */
  attach(server: Server, era: ProtocolEra): void;
  hear(message: JSONRPCMessage): void;
  close(): void;
}

/** Both eras list and do the same. */
export function connectionOver(serving: Serving): Connection {
  const keeper = keeperOf(serving.surface.dialogs);
  let attached: Server | undefined;
  const watch = watchResources(serving, (uri) => {
    attached?.sendResourceUpdated({ uri }).catch(() => undefined);
  });
  return {
    keeper,
    attach(server, era) {
      attached = server;
      server.onerror = (error) => serving.log.debug({ error: serving.surface.scrub(error.message) }, "protocol");
      const around = { server, era, keeper };
      serveTools(serving, around);
      serveResources(serving, around, watch);
      servePrompts(serving, around);
      serveCompletions(serving, around);
    },
    hear: (message) => hearSubscription(message, watch),
    close: () => watch.close(),
  };
}
