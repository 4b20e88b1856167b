import { readFileSync } from "node:fs";
import { acmeRootFile } from "../../../lab/acme.ts";
import { farAddress } from "../../../lab/faults/network.ts";
import type { Lab } from "../../../lab/names.ts";
import type { Server } from "../../../lab/server.ts";
import type { ProbeRequest } from "../../../src/stages/deploy/prober/ask.ts";
import { type ProbeRecord, type Probing, startProber } from "../../../src/stages/deploy/prober/prober.ts";
import { lookAtLosses } from "./around.ts";
import { type Connection, type Socket, watchWebSockets } from "./websocket.ts";

export const lines = ["near", "far"] as const;
type Line = (typeof lines)[number];
export const kinds = ["HTTP/1.1", "HTTP/2", "slow POST"] as const;
type Kind = (typeof kinds)[number];

export interface Sent extends ProbeRecord {
  line: Line;
  kind: Kind;
  request: ProbeRequest;
}

export interface Traffic {
  /** Of those that have ended. */
  sent(): readonly Sent[];
  sockets(): readonly Connection[];
  /** One more WebSocket on each line: what stands already tells nothing about a proxy that came later. */
  openSockets(): void;
  /** What was seen on the server where requests were lost. */
  seen(): Promise<string>;
  /** When all that is under way has ended; how many were due and not sent. */
  stop(): Promise<number>;
}

/** On each line, so that both together are asked 50 times a second. */
const perSecond: Record<Kind, number> = { "HTTP/1.1": 14, "HTTP/2": 10, "slow POST": 1 };

/** Asks over a line that is near and one that is far, on new and kept connections by turns. Nothing is ever asked again. */
export function startTraffic(lab: Lab, server: Server, host: string): Traffic {
  const ca = readFileSync(acmeRootFile(lab), "utf8");
  const sent: Sent[] = [];
  const looks = lookAtLosses(lab, server);
  const placeOf = (line: Line) => ({
    address: server.address,
    ...(line === "far" && { localAddress: farAddress(lab) }),
  });
  const begin = (line: Line, kind: Kind) => {
    const request = requests(line, kind, host);
    const probing: Probing = {
      ...{ ...placeOf(line), trustedRoots: [ca], perSecond: perSecond[kind], request },
      protocol: kind === "HTTP/2" ? "h2" : "http/1.1",
      // Who waits is not lost: how long it took is not what is shown here.
      timeoutMs: 60_000,
      version: ({ headers }) => String(headers["x-edition"]),
      onRecord: (record) => {
        const one = { ...record, line, kind, request: request(record.n) };
        sent.push(one);
        if (!isRefused(one)) looks.note(one);
      },
    };
    return startProber(probing);
  };
  const probers = lines.flatMap((line) => kinds.map((kind) => begin(line, kind)));
  const watcher = watchWebSockets();
  const openSockets = () => {
    for (const line of lines) watcher.watch({ host, line, ca, ...placeOf(line) } satisfies Socket);
  };
  return {
    sent: () => sent,
    sockets: watcher.connections,
    seen: looks.seen,
    openSockets,
    stop: async () => {
      const ended = await Promise.all(probers.map((prober) => prober.stop()));
      watcher.stop();
      return ended.reduce((sum, { missed }) => sum + missed, 0);
    },
  };
}

/** A file, what the database says, and entries: of an odd number, so that each meets new and kept connections. */
function requests(line: Line, kind: Kind, host: string): (n: number) => ProbeRequest {
  const slow = { host, method: "POST", path: "/slow", body: "x".repeat(1000) };
  if (kind === "slow POST") return () => slow;
  const paths = ["/style.css", entries, "/healthz", "/style.css", "/healthz"];
  return (n) => {
    const path = paths[n % paths.length] ?? entries;
    if (path !== entries) return { host, path };
    const body = JSON.stringify({ name: "A visitor", message: `${line} ${kind} ${n}` });
    return { host, method: "POST", path, body, headers: { "content-type": "application/json" } };
  };
}

const entries = "/api/entries";

/** The entry that a request left, where it was acknowledged; undefined for other requests. */
export function entryIn({ request, ok }: Sent): { message: string; acknowledged: boolean } | undefined {
  if (request.path !== entries || request.body === undefined) return undefined;
  return { message: (JSON.parse(request.body) as { message: string }).message, acknowledged: ok };
}

/** What HTTP/2 alone may lose: refused before anything was done with it, so that its client asks again without harm. */
export const isRefused = ({ kind, error }: Sent): boolean => kind === "HTTP/2" && error === "REFUSED_STREAM";
