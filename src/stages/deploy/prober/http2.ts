import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from "node:http2";
import { connect as connectTls } from "node:tls";
import { type Answered, bodyOf, type Connection, type ProbeRequest, type Target, type Transport } from "./ask.ts";

/** HTTP/2: `kept` requests share one session a host until the server says that it ends, `new` ones have one of their own. */
export function overHttp2(target: Target): Transport {
  const shared = new Map<string, ClientHttp2Session>();
  const sessions = new Set<ClientHttp2Session>();

  function open(host: string): ClientHttp2Session {
    const { address, port, localAddress, secureContext } = target;
    const to = { host: address, port, servername: host, secureContext, ...(localAddress && { localAddress }) };
    const socket = () => connectTls({ ...to, ALPNProtocols: ["h2"] });
    const session = connect(`https://${host}:${port}`, { createConnection: socket });
    // Each request hears of it by itself.
    session.on("error", () => undefined);
    session.on("close", () => sessions.delete(session));
    // What is sent after this would be refused, and the client knows it.
    session.on("goaway", () => forget(host, session));
    sessions.add(session);
    return session;
  }

  function forget(host: string, session: ClientHttp2Session): void {
    if (shared.get(host) === session) shared.delete(host);
    session.close();
  }

  function sharedFor(host: string): ClientHttp2Session {
    const known = shared.get(host);
    const session = known && !known.closed && !known.destroyed ? known : open(host);
    shared.set(host, session);
    return session;
  }

  return {
    ask: async (request, connection: Connection) => {
      const session = connection === "kept" ? sharedFor(request.host) : open(request.host);
      try {
        return await askOn(session, request, target.timeoutMs);
      } finally {
        if (connection === "new") session.close();
      }
    },
    close: () => {
      for (const session of sessions) session.destroy();
    },
  };
}

async function askOn(session: ClientHttp2Session, asked: ProbeRequest, timeoutMs: number): Promise<Answered> {
  const { host, path, method = "GET", headers = {}, body } = asked;
  const pseudo = { ":method": method, ":path": path, ":authority": host, ":scheme": "https" };
  const stream = session.request({ ...headers, ...pseudo }, { signal: AbortSignal.timeout(timeoutMs) });
  const { promise, resolve, reject } = Promise.withResolvers<IncomingHttpHeaders & { ":status"?: number }>();
  stream.on("response", resolve);
  stream.on("error", (error) => reject(refusedOr(stream.rstCode, error)));
  stream.on("close", () => reject(ended(stream.rstCode)));
  stream.end(body);
  const answered = await promise;
  const from = session.destroyed ? "" : (session.socket.remoteAddress ?? "");
  const whole = await bodyOf(stream).catch((error: unknown) => {
    throw refusedOr(stream.rstCode, error);
  });
  if (stream.aborted || (stream.rstCode ?? 0) !== constants.NGHTTP2_NO_ERROR) throw ended(stream.rstCode);
  return { status: Number(answered[":status"] ?? 0), headers: answered, from, ...whole };
}

/** Refused before anything was done with it: the one error after which a client may ask again without harm. */
const refusedOr = (code: number | undefined, error: unknown): unknown =>
  code === constants.NGHTTP2_REFUSED_STREAM ? ended(code) : error;

const ended = (code: number | undefined) =>
  Object.assign(new Error("the stream ended before its answer"), { code: names.get(code ?? 0) ?? `HTTP2_${code}` });

const names: ReadonlyMap<number, string> = new Map([
  [constants.NGHTTP2_NO_ERROR, "NO_ANSWER"],
  [constants.NGHTTP2_INTERNAL_ERROR, "INTERNAL_ERROR"],
  [constants.NGHTTP2_REFUSED_STREAM, "REFUSED_STREAM"],
  [constants.NGHTTP2_CANCEL, "CANCEL"],
]);
