import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

/** What an eval talks to as the model, and what was sent to it. */
export interface Model {
  url: string;
  key: string;
  requests: unknown[];
  /** What it would not take. */
  refused: { status: number; message: string }[];
  stop(): Promise<void>;
}

/** Anthropic's own API, through a port of this computer's that keeps what is sent: what a model is told is looked at. */
export async function throughHere(key: string, upstream = "https://api.anthropic.com"): Promise<Model> {
  const requests: unknown[] = [];
  const server = createServer(async (request, response) => {
    try {
      const body = await buffer(request);
      if (request.url?.split("?")[0] === "/v1/messages") requests.push(JSON.parse(body.toString("utf8")));
      const named = ["x-api-key", "anthropic-version", "anthropic-beta", "content-type", "accept"];
      const headers = named.flatMap((name) => (request.headers[name] ? [[name, String(request.headers[name])]] : []));
      const sent = { method: request.method ?? "POST", headers: Object.fromEntries(headers) };
      const answer = await fetch(upstream + request.url, { ...sent, ...(body.length > 0 && { body }) });
      const kept = [...answer.headers].filter(
        ([name]) => !/^(content-(encoding|length)|transfer-encoding)$/.test(name),
      );
      response.writeHead(answer.status, Object.fromEntries(kept));
      if (answer.body) Readable.fromWeb(answer.body).pipe(response);
      else response.end();
    } catch (error) {
      response.writeHead(502, { "content-type": "application/json" });
      response.end(JSON.stringify({ type: "error", error: { type: "api_error", message: String(error) } }));
    }
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    key,
    requests,
    refused: [],
    stop: () =>
      new Promise((stopped) => {
        server.close(() => stopped());
        server.closeAllConnections();
      }),
  };
}
