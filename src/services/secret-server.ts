import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { sha256 } from "../kit/canonical.ts";
import { failureOf } from "../kit/error.ts";
import { contentPolicy, donePage, formPage, type Shown } from "./secret-html.ts";

/** Bytes of a form at most. */
const mostBytes = 64 * 1024;

export interface OpenPage {
  /** Whoever has it can set the value, and nobody can read one with it. */
  readonly url: string;
  isOpen(): boolean;
  /** Somebody has seen the form. */
  wasSeen(): boolean;
  close(): void;
}

/**
 * Serves one form on this computer's loopback, until a value was given, `close` is called or `lifeMs` are over. The value
 * goes to `take`, which throws where it cannot be kept; the page then stays. It keeps no process alive.
 */
export async function openPage(shown: Shown, take: (value: string) => void, lifeMs: number): Promise<OpenPage> {
  const path = `/${randomBytes(32).toString("base64url")}`;
  let [open, seen] = [true, false];
  let origin = "";

  const server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000 }, (request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  const close = () => {
    open = false;
    clearTimeout(end);
    server.close();
  };
  // What still talks to it then has waited for minutes.
  const end = setTimeout(() => {
    close();
    server.closeAllConnections();
  }, lifeMs).unref();

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (status: number, html = "") => void response.writeHead(status, headers).end(html);
    // A foreign site whose name leads to 127.0.0.1 asks under its own name.
    if (`http://${request.headers.host}` !== origin) return answer(421);
    if (!sameText(request.url ?? "", path)) return answer(404);
    if (!open) return answer(410);
    if (request.method === "GET" || request.method === "HEAD") {
      seen = true;
      return answer(200, request.method === "GET" ? formPage(shown) : "");
    }
    if (request.method !== "POST") return answer(405);
    if (request.headers.origin !== origin) return answer(403);
    const body = await bodyOf(request);
    if (body === undefined) return answer(413, formPage(shown, "It is too long: 64 kB at most."));
    // Another may have been first while this one was sent.
    if (!open) return answer(410);
    const given = valueIn(body);
    if ("problem" in given) return answer(400, formPage(shown, given.problem));
    try {
      take(given.value);
    } catch (error) {
      return answer(500, formPage(shown, `It could not be kept: ${failureOf(error).message}`));
    }
    close();
    answer(200, donePage(shown.name));
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  server.unref();
  server.on("connection", (socket) => socket.unref());
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: `${origin}${path}`, isOpen: () => open, wasSeen: () => seen, close };
}

const headers = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": contentPolicy,
  "Cache-Control": "no-store",
  // Not no-referrer: with that a browser sends the form with `Origin: null`, which is what a forged one would have.
  "Referrer-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  Connection: "close",
};

/** Takes as long wherever they differ. */
const sameText = (one: string, other: string) => timingSafeEqual(Buffer.from(sha256(one)), Buffer.from(sha256(other)));

/** Undefined where it is too long; most of such a one is taken in all the same, since who still sends does not hear an answer. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length;
    if (bytes <= mostBytes) chunks.push(chunk as Buffer);
    if (bytes > 16 * mostBytes) break;
  }
  return bytes > mostBytes ? undefined : Buffer.concat(chunks).toString();
}

/** A browser sends ends of lines as CRLF, whatever was pasted. */
function valueIn(body: string): { value: string } | { problem: string } {
  const form = new URLSearchParams(body);
  const given = [form.get("value") ?? "", (form.get("lines") ?? "").replaceAll("\r\n", "\n")].filter(
    (text) => text !== "",
  );
  const [value, second] = given;
  if (value === undefined) return { problem: "Nothing was typed, so nothing was set." };
  if (second !== undefined) return { problem: "Both fields hold something: fill in one." };
  return value.includes("\0") ? { problem: "It holds a NUL character, which no environment can." } : { value };
}
