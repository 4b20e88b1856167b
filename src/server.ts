import type { Readable, Writable } from "node:stream";
import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  type JSONRPCMessage,
  type ProtocolEra,
  Server,
  type Transport,
} from "@modelcontextprotocol/server";
import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import type { Connection } from "./server/connection.ts";
import { instructionsFor } from "./server/instructions.ts";
import { intercepted } from "./server/intercepted.ts";
import { type Log, type Serving, usualLimits } from "./server/serving.ts";
import type { Surface } from "./services/surface.ts";

/** Of the process: where the protocol comes in and goes out, and where everything else is said. */
export interface Stdio {
  stdin: Readable;
  stdout: Writable;
  log: Log;
  /** Ends the serving. */
  signal: AbortSignal;
}

/**
 * Serves one client over stdio until it goes away or `signal` ends it. Runs go on: workers are processes of their own.
 * Throws what `open` throws.
 */
export async function serve(
  open: () => Promise<Surface>,
  { readOnly, version }: { readOnly: boolean; version: string },
  { stdin, stdout, log, signal }: Stdio,
): Promise<void> {
  const load = async (): Promise<Serving> => {
    const [surface, { tools }, { resources }] = await Promise.all([
      open(),
      import("./tools/index.ts"),
      import("./resources/index.ts"),
    ]);
    return { surface, tools, resources, readOnly, limits: usualLimits, log };
  };
  await serveOn(new StdioServerTransport(stdin, stdout), { version, readOnly, load, log, signal });
}

/**
 * The same on any transport. A client is greeted before what the greeting does not need is loaded, since many wait for it
 * before they go on with their own start; what it asks for meanwhile waits, and keeps its order.
 */
export async function serveOn(
  wire: Transport,
  { load, log, signal, ...greeting }: Greeting & { load: () => Promise<Serving>; log: Log; signal: AbortSignal },
): Promise<void> {
  const closed = Promise.withResolvers<void>();
  const greeted: [Server, ProtocolEra][] = [];
  let loading: Promise<Connection> | undefined;
  let loaded: Connection | undefined;

  const transport = intercepted(wire, {
    message(message, deliver) {
      const hear = (connection: Connection) => {
        connection.hear(message);
        deliver();
      };
      if (loaded) return hear(loaded);
      if (!isGreeting(message)) return void connection().then(hear, closed.reject);
      deliver();
      setImmediate(() => connection().catch(closed.reject));
    },
    close: closed.resolve,
  });
  const handle = serveStdio(
    ({ era }) => {
      log.info({ era }, "a client connects");
      const server = greeter(greeting, connection);
      if (loaded) loaded.attach(server, era);
      else greeted.push([server, era]);
      return server;
    },
    { transport, onerror: (error) => log.debug({ error: error.name }, "connection") },
  );
  signal.addEventListener("abort", () => closed.resolve(), { once: true });
  if (signal.aborted) closed.resolve();
  try {
    await closed.promise;
  } finally {
    loaded?.close();
    await handle.close();
  }

  function connection(): Promise<Connection> {
    loading ??= (async () => {
      const [serving, { connectionOver }] = await Promise.all([load(), import("./server/connection.ts")]);
      loaded = connectionOver(serving);
      for (const [server, era] of greeted) loaded.attach(server, era);
      return loaded;
    })();
    return loading;
  }
}

/** What a greeting says of this server, before anything else of it is loaded. */
interface Greeting {
  version: string;
  readOnly?: boolean;
}

/** What a client begins with, and needs no more than a name for an answer. */
const isGreeting = (message: JSONRPCMessage) =>
  (isJSONRPCRequest(message) && ["initialize", "server/discover"].includes(message.method)) ||
  (isJSONRPCNotification(message) && message.method === "notifications/initialized");

/** A server that can only be greeted: what it answers with is attached to it. */
const greeter = ({ version, readOnly = false }: Greeting, connection: () => Promise<Connection>) =>
  new Server(
    { name: "berth", title: "Berth", version },
    {
      capabilities: { tools: {}, resources: { subscribe: true }, prompts: {}, completions: {} },
      instructions: instructionsFor(readOnly),
      requestState: { verify: async (state, ctx) => (await connection()).keeper.verify(state, ctx) },
    },
  );
