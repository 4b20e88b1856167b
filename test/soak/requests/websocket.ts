import { randomBytes } from "node:crypto";
import { request } from "node:https";
import type { Duplex } from "node:stream";

/** One WebSocket, from its opening to its end. Times in ms since 1970. */
export interface Connection {
  line: string;
  opened: number;
  /** The container that answers; null until it has said so. */
  container: string | null;
  /** How often it has heard that container. */
  heard: number;
  ended: { at: number; code: number; frames: number; why: string } | null;
}

export interface Socket {
  host: string;
  address: string;
  localAddress?: string;
  ca: string;
  /** For people. */
  line: string;
}

export interface Watcher {
  /** Of all WebSockets that were ever opened. */
  connections(): readonly Connection[];
  /** One more, which is opened again each time that it ends, until the watcher stops. */
  watch(socket: Socket): void;
  stop(): void;
}

/** As a browser reports an end without a closing frame, and one whose frame has no code. */
const [abnormal, noCode] = [1006, 1005];
const againMs = 500;

export function watchWebSockets(): Watcher {
  const connections: Connection[] = [];
  const streams = new Set<Duplex>();
  const stopping = new AbortController();
  const { signal } = stopping;

  async function keepOpen(socket: Socket): Promise<void> {
    while (!signal.aborted) {
      const connection: Connection = { line: socket.line, opened: now(), container: null, heard: 0, ended: null };
      connections.push(connection);
      const [frames, code, why] = await one(socket, connection);
      if (signal.aborted) return;
      connection.ended = { at: now(), code, frames, why };
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  }

  /** Until it has ended: how many closing frames came, the first one's code, and what the connection itself said. */
  async function one(socket: Socket, connection: Connection): Promise<[number, number, string]> {
    const stream = await upgrade(socket).catch((error: Error) => error);
    if (stream instanceof Error) return [0, abnormal, stream.message];
    streams.add(stream);
    const codes: number[] = [];
    const { promise, resolve } = Promise.withResolvers<string>();
    stream.on("error", (error) => resolve(error.message));
    stream.on("close", () => resolve("closed"));
    readFrames(stream, (kind, content) => {
      if (kind === 1) Object.assign(connection, { container: content.toString(), heard: connection.heard + 1 });
      if (kind !== 8) return;
      codes.push(content.length >= 2 ? content.readUInt16BE(0) : noCode);
      // The same back, masked, as the protocol wants it.
      stream.end(Buffer.concat([Buffer.from([0x88, 0x80 | content.length, 0, 0, 0, 0]), content]));
    });
    const why = await promise;
    streams.delete(stream);
    return [codes.length, codes[0] ?? abnormal, why];
  }

  return {
    connections: () => connections,
    watch: (socket) => void keepOpen(socket),
    stop: () => {
      stopping.abort();
      for (const stream of streams) stream.destroy();
    },
  };
}

const now = () => performance.timeOrigin + performance.now();

function upgrade({ host, address, localAddress, ca }: Socket): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const key = randomBytes(16).toString("base64");
  const headers = { host, connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
  const asking = request({
    ...{ host: address, port: 443, servername: host, ca, agent: false, ...(localAddress && { localAddress }) },
    ...{ path: "/live", headers: { ...headers, "sec-websocket-key": key }, timeout: 15_000 },
  });
  asking.on("upgrade", (_response, stream, head) => {
    stream.setTimeout(0);
    if (head.length > 0) stream.unshift(head);
    resolve(stream);
  });
  asking.on("response", ({ statusCode }) => {
    asking.destroy();
    reject(new Error(`HTTP ${statusCode}`));
  });
  asking.on("timeout", () => asking.destroy(new Error("timeout")));
  asking.on("error", reject);
  asking.end();
  return promise;
}

/** Frames of a server are short here, and never masked. */
function readFrames(stream: Duplex, each: (kind: number, content: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  stream.on("data", (piece: Buffer) => {
    rest = Buffer.concat([rest, piece]);
    for (let length = rest[1] ?? 0; rest.length >= 2 && rest.length >= 2 + length; length = rest[1] ?? 0) {
      each((rest[0] ?? 0) & 0x0f, rest.subarray(2, 2 + length));
      rest = rest.subarray(2 + length);
    }
  });
}
