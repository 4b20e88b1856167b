import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync, readFile as readLocal } from "node:fs";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { acmeRootFile } from "../../../lab/acme.ts";
import type { Lab } from "../../../lab/names.ts";
import { inServer, type Server } from "../../../lab/server.ts";
import { connectSsh } from "../../../src/host/connect.ts";
import type { Host, Lock } from "../../../src/host/host.ts";
import { resolveTarget } from "../../../src/host/target.ts";
import { BerthError } from "../../../src/kit/error.ts";
import { labels } from "../../../src/kit/layout.ts";
import { until } from "../../../src/kit/wait.ts";
import type { ProxyAccess } from "../../../src/proxies/access.ts";
import { lookAtProxy } from "../../../src/proxies/apply.ts";
import { caddy } from "../../../src/proxies/caddy.ts";
import type { Protocol } from "../../../src/stages/deploy/prober/ask.ts";
import { type ProbeRecord, startProber } from "../../../src/stages/deploy/prober/prober.ts";

const rootsOf = (lab: Lab) => readFileSync(acmeRootFile(lab), "utf8");

/** The product's own connection and lock, as a worker has them; `end` as a worker that is killed. */
export async function openAccess(server: Server, image?: string): Promise<ProxyAccess & { end(): Promise<void> }> {
  const target = await resolveTarget(`ssh://root@${server.address}`, { env: {}, identityFile: server.key });
  const knownHosts = await promisify(readLocal)(server.knownHosts, "utf8");
  const host: Host = await connectSsh({ ...target, identitiesOnly: true }, { knownHosts });
  const lock = await lockAfterDeath(host).catch(async (error: unknown) => {
    // Its line would hold what it holds.
    await host.close();
    throw error;
  });
  const engine = await host.engine();
  // In the middle of a hand-over none may have the proxy's name.
  const filters = { label: [`${labels.role}=proxy`] };
  const used = async () => (await engine.listContainers({ all: true, filters }))[0]?.Image ?? "";
  const rest = { host, lock, engine, proxy: caddy, log: () => undefined, signal: new AbortController().signal };
  return { ...rest, image: image ?? (await used()), end: () => host.close() };
}

/** The one before died with it: it is free when its lease is over. */
async function lockAfterDeath(host: Host): Promise<Lock> {
  const claim = { owner: "test", run: randomBytes(6).toString("hex"), ttlSeconds: 5 };
  const take = () => host.lock("server", claim).catch((error: unknown) => unlessHeld(error));
  const lock = await until(take, { timeoutMs: 30_000, everyMs: 500 });
  if (!lock) throw new Error("the server stays locked");
  return lock;
}

function unlessHeld(error: unknown): undefined {
  if (error instanceof BerthError && error.code === "lock_held") return undefined;
  throw error;
}

/** Waits until nothing of a hand-over is left: one proxy, no unit, nothing steered, no folder of another. */
export async function untilAlone(lab: Lab, server: Server): Promise<void> {
  const script = `docker ps --all --filter label=dev.berth.role=proxy --format '{{.Names}}'
systemctl list-units --plain --no-legend 'berth-drain-*'; nft list table inet berth_steer 2>/dev/null | grep redirect; ls /var/lib/berth/proxy/run | wc -l`;
  const left = () => inServer(lab, server.name, "sh", "-c", script);
  const alone = await until(async () => ((await left()).trim() === "berth-proxy\n1" ? true : undefined), {
    timeoutMs: 150_000,
    everyMs: 500,
  });
  if (!alone) throw new Error(`of the hand-over is left: ${await left()}`);
}

export const isSettled = async (access: ProxyAccess): Promise<boolean> => {
  const { written, settled } = await lookAtProxy(access);
  return written && settled;
};

export interface Visitors {
  /** Ends them; what failed, and how many there were. */
  stop(): Promise<{ sent: number; missed: number; failed: ProbeRecord[] }>;
}

/** Visitors of hosts by turns: 50 a second on new and on kept connections, and slow POSTs among them. */
export function startVisitors(
  lab: Lab,
  server: Server,
  hosts: readonly string[],
  protocol: Protocol = "http/1.1",
): Visitors {
  const prober = startProber({
    address: server.address,
    trustedRoots: [rootsOf(lab)],
    perSecond: 50,
    protocol,
    timeoutMs: 30_000,
    request: (n) => {
      const host = hosts[n % hosts.length] ?? "";
      const slow = n % 25 === 24 && host.startsWith("echo");
      return slow ? { host, path: "/slow", method: "POST", body: "x".repeat(1000) } : { host, path: "/" };
    },
    connection: (n) => (Math.floor(n / hosts.length) % 2 === 0 ? "new" : "kept"),
  });
  return {
    stop: async () => {
      const { records, missed } = await prober.stop();
      return { sent: records.length, missed, failed: records.filter(({ ok }) => !ok) };
    },
  };
}

export interface Talk {
  /** What comes back. */
  say(text: string): Promise<string>;
  /** The code that it was closed with; null for a connection that was cut off. */
  closed: Promise<number | null>;
  end(): void;
}

/** A WebSocket to an echo, as far as a test needs one: text of up to 125 bytes. */
export async function openWebSocket(lab: Lab, server: Server, host: string): Promise<Talk> {
  const socket: TLSSocket = connectTls({ host: server.address, port: 443, servername: host, ca: rootsOf(lab) });
  await once(socket, "secureConnect");
  const key = randomBytes(16).toString("base64");
  socket.write(
    `GET /socket HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  const [head] = (await once(socket, "data")) as [Buffer];
  if (!head.toString().startsWith("HTTP/1.1 101")) throw new Error(`no WebSocket: ${head.toString().slice(0, 200)}`);
  const closed = Promise.withResolvers<number | null>();
  const heard: ((text: string) => void)[] = [];
  socket.on("data", (frame: Buffer) => {
    const length = (frame[1] ?? 0) & 0x7f;
    if (frame[0] === 0x88) closed.resolve(length >= 2 ? frame.readUInt16BE(2) : 1005);
    else heard.shift()?.(frame.subarray(2, 2 + length).toString());
  });
  socket.on("error", () => undefined);
  socket.on("close", () => closed.resolve(null));
  return {
    say: (text) => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      heard.push(resolve);
      void closed.promise.then(() => reject(new Error("it was closed")));
      const bytes = Buffer.from(text);
      // Its mask is four zeros, which changes nothing.
      socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]));
      return promise;
    },
    closed: closed.promise,
    end: () => socket.destroy(),
  };
}

/** In the server, on its loopback: answers, echoes what a WebSocket says, and takes its time for a POST. */
export async function startEcho(lab: Lab, server: Server): Promise<void> {
  const program = `const { createServer } = require("node:http"); const { createHash } = require("node:crypto");
const server = createServer((request, response) => {
  request.resume(); request.on("end", () => setTimeout(() => response.end("echo"), request.method === "POST" ? 5000 : 0));
});
server.on("upgrade", (request, socket) => {
  const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: " + accept + "\\r\\n\\r\\n");
  socket.on("data", (frame) => {
    if (frame[0] !== 0x81) return;
    const length = frame[1] & 0x7f, mask = frame.subarray(2, 6), text = frame.subarray(6, 6 + length).map((byte, n) => byte ^ mask[n % 4]);
    socket.write(Buffer.concat([Buffer.from([0x81, length]), text]));
  });
  socket.on("error", () => undefined);
});
server.listen(7000, "127.0.0.1");`;
  const image = await inServer(
    lab,
    server.name,
    "sh",
    "-c",
    "docker inspect --format '{{.Image}}' $(docker ps --quiet --filter label=dev.berth.role=service)",
  );
  const run = [
    "docker",
    "run",
    "--detach",
    "--name",
    "echo",
    "--network",
    "host",
    "--restart",
    "always",
    "--entrypoint",
    "node",
  ];
  await inServer(lab, server.name, ...run, image.trim(), "--eval", program);
  await inServer(
    lab,
    server.name,
    "sh",
    "-c",
    "printf 127.0.0.1:7000 > /var/lib/berth/proxy/etc/up/echo_web; cp /var/lib/berth/proxy/etc/up/echo_web /var/lib/berth/proxy/etc/up/echo_api",
  );
}
