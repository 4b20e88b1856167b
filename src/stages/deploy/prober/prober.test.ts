import { once } from "node:events";
import { constants, createSecureServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { until } from "../../../kit/wait.ts";
import { listening, type Made, makeKeys, serveHttps } from "./https-fixture.ts";
import { type Prober, type Probing, startProber } from "./prober.ts";

// Where many things run at once, a second of requests may take several.
vi.setConfig({ testTimeout: 60_000 });

let keys: Made;
beforeAll(() => {
  keys = makeKeys(["shop.example.com"]);
});

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

interface Seen {
  /** In the order in which they came: which connection brought them. */
  requests: { socket: Socket; method: string; url: string; body: string }[];
}

async function serve(answer: (n: number, seen: Seen["requests"][number], end: (body: string) => void) => void) {
  const requests: Seen["requests"] = [];
  const connections: Socket[] = [];
  const { server, port, close } = await serveHttps(keys, (request, response) => {
    const { socket, method = "", url = "" } = request;
    const one = { socket, method, url, body: "" };
    const n = requests.push(one) - 1;
    request.on("data", (piece) => {
      one.body += String(piece);
    });
    request.on("end", () => answer(n, one, (body) => response.end(body)));
  });
  server.on("secureConnection", (socket) => connections.push(socket));
  closing.push(close);
  return { server, port, requests, connections };
}

async function serveHttp2(answer: (stream: ServerHttp2Stream) => void) {
  const { key, cert } = keys;
  const server = createSecureServer({ key, cert });
  const sessions: ServerHttp2Session[] = [];
  server.on("session", (session) => sessions.push(session));
  server.on("stream", (stream) => {
    stream.on("error", () => undefined);
    answer(stream);
  });
  closing.push(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { port: await listening(server), sessions };
}

const asked = (port: number, more: Partial<Probing> = {}): Probing => ({
  address: "127.0.0.1",
  port,
  trustedRoots: [keys.authority],
  perSecond: 100,
  request: () => ({ host: "shop.example.com", path: "/health" }),
  ...more,
});

/** Until so many requests have ended. */
async function after(prober: Prober, requests: number) {
  const enough = async () => (prober.records().length >= requests ? true : undefined);
  expect(await until(enough, { timeoutMs: 25_000, everyMs: 5 })).toBe(true);
  return prober.stop();
}

test("50 a second for 3 s are 150, each recorded once with what it was answered", async () => {
  const seen = await serve((_n, _request, end) => end("well"));
  const began = performance.now();
  const prober = startProber(asked(seen.port, { perSecond: 50 }));
  await sleep(3000);
  const { records, missed } = await prober.stop();
  const due = Math.floor((performance.now() - began) / 20) + 1;
  expect(records.length + missed).toBeGreaterThanOrEqual(150);
  expect(records.length + missed).toBeLessThanOrEqual(due);
  expect(seen.requests).toHaveLength(records.length);
  expect(new Set(records.map(({ n }) => n)).size).toBe(records.length);
  expect(records.filter(({ ok }) => !ok)).toEqual([]);
  expect(records[0]).toMatchObject({ host: "shop.example.com", status: 200, bytes: 4, error: null });
  expect(Math.abs((records[0]?.at ?? 0) - Date.now())).toBeLessThan(600_000);
});

test("half of them come on connections of their own, half on ones that are kept", async () => {
  const seen = await serve((_n, _request, end) => end("well"));
  const { records } = await after(startProber(asked(seen.port, { perSecond: 20 })), 20);
  const fresh = records.filter(({ connection }) => connection === "new").length;
  expect(fresh).toBe(Math.ceil(records.length / 2));
  const carried = seen.connections.map((socket) => seen.requests.filter((one) => one.socket === socket).length);
  expect(carried.filter((times) => times === 1).length).toBeGreaterThanOrEqual(fresh);
  // An answer that takes longer than the next request is due opens another one to keep.
  expect(Math.max(...carried)).toBeGreaterThan(1);
});

test.each(["http/1.1", "h2"] as const)(
  "over %s who asks may choose which of its addresses it comes from",
  async (protocol) => {
    const { server, port, close } = await serveHttps(keys, (_request, response) => response.end("well"));
    closing.push(close);
    const from: unknown[] = [];
    server.on("connection", ({ remoteAddress }: Socket) => from.push(remoteAddress));
    await after(startProber(asked(port, { protocol, localAddress: "127.0.0.2" })), 2);
    expect(new Set(from)).toEqual(new Set(["127.0.0.2"]));
  },
);

test("a reset is one failure, and nothing is tried again", async () => {
  const reset = new Set([4, 5]);
  const seen = await serve((n, { socket }, end) => (reset.has(n) ? socket.destroy() : end("well")));
  const { records } = await after(startProber(asked(seen.port, { perSecond: 20 })), 20);
  expect(seen.requests).toHaveLength(records.length);
  const cut = expect.stringMatching(/^socket hang up \(from port \d+\)$/);
  expect(records.filter(({ ok }) => !ok)).toMatchObject([
    { status: null, error: "ECONNRESET", detail: cut, bytes: 0, version: null },
    { status: null, error: "ECONNRESET", detail: cut, bytes: 0, version: null },
  ]);
});

test("an answer that is cut off is no answer", async () => {
  const { port, close } = await serveHttps(keys, (_request, response) => {
    response.writeHead(200, { "content-length": "100" }).write("only a part");
    setTimeout(() => response.destroy(), 20);
  });
  closing.push(close);
  const { records } = await after(startProber(asked(port)), 4);
  for (const record of records) expect(record).toMatchObject({ ok: false, status: null, error: "ECONNRESET" });
});

test("a slow answer keeps no other from being asked, and takes as long as it took", async () => {
  const seen = await serve((n, _request, end) => void setTimeout(() => end("well"), n === 0 ? 700 : 0));
  const { records } = await after(startProber(asked(seen.port)), 20);
  expect(records.findIndex(({ n }) => n === 0)).toBeGreaterThan(0);
  expect(records.find(({ n }) => n === 0)).toMatchObject({ ok: true, status: 200 });
  expect(records.find(({ n }) => n === 0)?.ms).toBeGreaterThanOrEqual(650);
});

test("who never answers is given up after the timeout, also when the prober ends", async () => {
  const seen = await serve(() => undefined);
  const prober = startProber(asked(seen.port, { timeoutMs: 300 }));
  expect(await until(async () => seen.requests[2], { timeoutMs: 25_000, everyMs: 5 })).toBeDefined();
  const { records } = await prober.stop();
  expect(records.length).toBeGreaterThanOrEqual(3);
  for (const record of records) expect(record).toMatchObject({ ok: false, error: "timeout" });
});

test("a server that goes away and comes back: what failed in between, and well before and after", async () => {
  const seen = await serve((_n, _request, end) => end("well"));
  const prober = startProber(asked(seen.port));
  const past = (n: number) =>
    until(async () => (prober.records().length > n ? true : undefined), { timeoutMs: 25_000 });
  await past(5);
  // Those too that are just about to be accepted.
  let away = true;
  seen.server.on("connection", (socket) => away && socket.destroy());
  seen.server.on("secureConnection", (socket) => away && socket.destroy());
  seen.server.close();
  seen.server.closeAllConnections();
  await once(seen.server, "close");
  const gone = prober.records().length;
  await past(gone + 20);
  away = false;
  seen.server.listen(seen.port, "127.0.0.1");
  await once(seen.server, "listening");
  await past(prober.records().length + 20);
  const { records } = await prober.stop();
  expect(records[0]?.ok).toBe(true);
  expect(records.at(-1)?.ok).toBe(true);
  expect(records.slice(gone, gone + 20).map(({ error }) => error)).toContain("ECONNREFUSED");
});

test("a certificate of somebody else is a failure, and so is one for another name", async () => {
  const seen = await serve((_n, _request, end) => end("well"));
  const { records } = await after(startProber(asked(seen.port, { trustedRoots: [] })), 2);
  for (const record of records) expect(record).toMatchObject({ ok: false, error: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
  const other = { request: () => ({ host: "other.example.com", path: "/" }) };
  const { records: named } = await after(startProber(asked(seen.port, other)), 2);
  for (const record of named) expect(record).toMatchObject({ ok: false, error: "ERR_TLS_CERT_ALTNAME_INVALID" });
  expect(seen.requests).toEqual([]);
});

test("what is posted is sent once: the acknowledged are those that came", async () => {
  const seen = await serve((_n, _request, end) => end("kept"));
  const request = (n: number) => ({ host: "shop.example.com", method: "POST", path: "/entries", body: `entry ${n}` });
  const { records } = await after(startProber(asked(seen.port, { request })), 10);
  const acknowledged = records.filter(({ ok }) => ok).map(({ n }) => `entry ${n}`);
  expect(seen.requests.map(({ body }) => body).sort()).toEqual(acknowledged.sort());
  expect(seen.requests[0]?.method).toBe("POST");
});

test("versions are told apart by what the answer says, or else by its body", async () => {
  const seen = await serve((n, _request, end) => end(n < 5 ? "old" : "new"));
  const { records } = await after(startProber(asked(seen.port, { perSecond: 20 })), 10);
  expect(new Set(records.map(({ version }) => version)).size).toBe(2);
  const sized = startProber(asked(seen.port, { version: ({ bytes }) => `of ${bytes}` }));
  expect((await after(sized, 2)).records[0]?.version).toBe("of 3");
});

test("over HTTP/2 the kept requests share a session until the server ends it; a refused stream is named so", async () => {
  let requests = 0;
  const { port, sessions } = await serveHttp2((stream) => {
    requests++;
    if (requests === 7) return stream.close(constants.NGHTTP2_REFUSED_STREAM);
    stream.respond({ ":status": 200 });
    stream.end("well");
    if (requests === 11) for (const session of sessions) session.close();
  });
  const { records } = await after(startProber(asked(port, { protocol: "h2", perSecond: 20 })), 20);
  expect(requests).toBe(records.length);
  expect(records.filter(({ ok }) => !ok)).toMatchObject([{ status: null, error: "REFUSED_STREAM" }]);
  const kept = records.filter(({ connection }) => connection === "kept").length;
  const forKept = sessions.length - (records.length - kept);
  expect(forKept).toBeGreaterThanOrEqual(2);
  expect(forKept).toBeLessThan(kept);
});

test("over HTTP/2 a connection that breaks is one failure for each request on it", async () => {
  const { port } = await serveHttp2((stream) => void setTimeout(() => stream.session?.socket.destroy(), 50));
  const { records } = await after(startProber(asked(port, { protocol: "h2" })), 10);
  expect(records.filter(({ ok }) => ok)).toEqual([]);
  for (const { error } of records) expect(error).toMatch(/^[A-Z][A-Z_0-9]+$/);
});
