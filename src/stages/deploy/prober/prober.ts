import { createSecureContext, rootCertificates } from "node:tls";
import { type Answered, type Connection, errorCode, errorDetail, type ProbeRequest, type Protocol } from "./ask.ts";
import { overHttp1 } from "./http1.ts";
import { overHttp2 } from "./http2.ts";

/** What a prober asks, whom, and how often. */
export interface Probing {
  /** The server, by its address or name. */
  address: string;
  port?: number;
  /** Which of this machine's addresses the requests come from; the system's choice, if nothing is said. */
  localAddress?: string;
  /** PEM of authorities that are trusted beside the usual ones. */
  trustedRoots: readonly string[];
  perSecond: number;
  protocol?: Protocol;
  /** After so many ms without a whole answer a request has failed. */
  timeoutMs?: number;
  /** The n-th request, from 0. */
  request(n: number): ProbeRequest;
  /** On which connection the n-th request goes; on a new and on a kept-alive one by turns, if nothing is said. */
  connection?(n: number): Connection;
  /** Whether an answer of this status is a good one; below 400, if nothing is said. */
  well?(request: ProbeRequest, status: number): boolean;
  /** What tells versions apart in an answer; the beginning of its body's hash, if nothing is said. */
  version?(answered: Answered): string;
  /** Called with each request when it has ended. */
  onRecord?(record: ProbeRecord): void;
}

/** What became of one request. */
export interface ProbeRecord {
  n: number;
  /** When it was sent, in ms since 1970 by a clock that nobody sets. */
  at: number;
  /** Until the whole answer was there, or it was clear that there will be none. */
  ms: number;
  host: string;
  connection: Connection;
  ok: boolean;
  /** null where there was no whole answer; `error` then says why. */
  status: number | null;
  bytes: number;
  error: string | null;
  /** What the failure says of itself, and the port that it was sent from: for who searches the server's side of it. */
  detail: string | null;
  version: string | null;
}

export interface Prober {
  /** Requests that have ended, in the order in which they did. */
  records(): readonly ProbeRecord[];
  /** Sends no more, waits for what is under way, and answers all of them. */
  stop(): Promise<Probed>;
}

export interface Probed {
  records: readonly ProbeRecord[];
  /** Requests that were due and not sent, since this process had no time or was asleep. */
  missed: number;
}

/**
 * Asks at a steady rate, however long the answers take, as visitors would who know nothing of each other. Every request
 * is sent once and recorded, whatever becomes of it: nothing is ever tried again.
 */
export function startProber(probing: Probing): Prober {
  const { send, close } = openSender(probing);
  const records: ProbeRecord[] = [];
  const underWay = new Set<Promise<void>>();
  const rhythm = startRhythm(probing.perSecond, (n) => {
    const sending = send(n).then((record) => {
      records.push(record);
      underWay.delete(sending);
      probing.onRecord?.(record);
    });
    underWay.add(sending);
  });
  return {
    records: () => records,
    stop: async () => {
      const missed = rhythm.stop();
      await Promise.all(underWay);
      close();
      return { records, missed };
    },
  };
}

/** One request, the first of what would be asked. */
export async function probeOnce(probing: Omit<Probing, "perSecond">): Promise<ProbeRecord> {
  const { send, close } = openSender(probing);
  try {
    return await send(0);
  } finally {
    close();
  }
}

function openSender(probing: Omit<Probing, "perSecond">) {
  const { timeoutMs = 15_000, protocol = "http/1.1", address, port = 443, localAddress, trustedRoots } = probing;
  // Made once: to read all authorities for each connection would cost more than to connect.
  const secureContext = createSecureContext({ ca: [...rootCertificates, ...trustedRoots] });
  const target = { address, port, localAddress, secureContext, timeoutMs };
  const transport = protocol === "h2" ? overHttp2(target) : overHttp1(target);
  const connectionOf = probing.connection ?? ((n: number) => (n % 2 === 0 ? "new" : "kept"));
  const wellAnswered = probing.well ?? ((_request: ProbeRequest, status: number) => status < 400);
  const versionOf = probing.version ?? (({ digest }: Answered) => digest.slice(0, 12));

  const outcomeOf = (request: ProbeRequest, connection: Connection) =>
    transport.ask(request, connection).then(
      (answered) => {
        const { status, bytes } = answered;
        return {
          ok: wellAnswered(request, status),
          status,
          bytes,
          error: null,
          detail: null,
          version: versionOf(answered),
        };
      },
      (error: unknown) => {
        const [code, detail] = [errorCode(error), errorDetail(error)];
        return { ok: false, status: null, bytes: 0, error: code, detail, version: null };
      },
    );
  const send = async (n: number): Promise<ProbeRecord> => {
    const request = probing.request(n);
    const connection = connectionOf(n);
    const sent = performance.now();
    const outcome = await outcomeOf(request, connection);
    const times = { at: performance.timeOrigin + sent, ms: performance.now() - sent };
    return { n, ...times, host: request.host, connection, ...outcome };
  };
  return { send, close: transport.close };
}

/**
 * Calls `act` with 0, 1, 2… at times that do not drift. Who is late by up to a second catches up; what was due before that
 * is left out, since a crowd that comes all at once would measure something else. Stopping answers how many were left out.
 */
function startRhythm(perSecond: number, act: (n: number) => void): { stop(): number } {
  const began = performance.now();
  const late = Math.max(1, Math.ceil(perSecond));
  let [next, acted, missed] = [0, 0, 0];
  let timer: NodeJS.Timeout;
  function tick(): void {
    const due = Math.floor(((performance.now() - began) * perSecond) / 1000) + 1;
    missed += Math.max(0, due - late - next);
    for (next = Math.max(next, due - late); next < due; next++) act(acted++);
    timer = setTimeout(tick, Math.max(0, began + (next * 1000) / perSecond - performance.now()));
  }
  tick();
  return {
    stop: () => {
      clearTimeout(timer);
      return missed;
    },
  };
}
