import type { Readable, Writable } from "node:stream";
import type { Server, Transport } from "@modelcontextprotocol/server";
import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import { resources } from "./resources/index.ts";
import { connectionServer } from "./server/connection.ts";
import { keeperOf } from "./server/keeper.ts";
import { overheard, subscriptionOf } from "./server/overheard.ts";
import { type Log, type Serving, usualLimits } from "./server/serving.ts";
import { watchResources } from "./server/watch.ts";
import type { Surface } from "./services/surface.ts";
import { tools } from "./tools/index.ts";

/** Of the process: where the protocol comes in and goes out, and where everything else is said. */
export interface Stdio {
  stdin: Readable;
  stdout: Writable;
  log: Log;
  /** Ends the serving. */
  signal: AbortSignal;
}

/** Serves one client over stdio until it goes away or `signal` ends it. Runs go on: workers are processes of their own. */
export async function serve(
  surface: Surface,
  { readOnly, version }: { readOnly: boolean; version: string },
  { stdin, stdout, log, signal }: Stdio,
): Promise<void> {
  const serving = { surface, tools, resources, readOnly, version, limits: usualLimits, log };
  await serveOn(new StdioServerTransport(stdin, stdout), serving, signal);
}

/** The same on any transport: tests bring their own, and their own surface and limits. */
export async function serveOn(wire: Transport, serving: Serving, signal: AbortSignal): Promise<void> {
  const { log, surface } = serving;
  const keeper = keeperOf(surface.dialogs);
  const closed = Promise.withResolvers<void>();
  let server: Server | undefined;
  const watch = watchResources(serving, (uri) => {
    server?.sendResourceUpdated({ uri }).catch(() => undefined);
  });
  const transport = overheard(wire, {
    message(message) {
      const subscription = subscriptionOf(message);
      if (!subscription) return;
      if ("add" in subscription) watch.add(subscription.add, subscription.addresses);
      else watch.remove(subscription.remove);
    },
    close: closed.resolve,
  });
  const handle = serveStdio(
    ({ era }) => {
      log.info({ era }, "a client connects");
      server = connectionServer(serving, era, keeper, watch);
      return server;
    },
    { transport, onerror: (error) => log.debug({ error: surface.scrub(error.message) }, "connection") },
  );
  const end = () => void handle.close();
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  await closed.promise;
  signal.removeEventListener("abort", end);
  watch.close();
}
