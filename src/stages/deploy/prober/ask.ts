import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { SecureContext } from "node:tls";
import { clean } from "../../../kit/text.ts";

export type Protocol = "http/1.1" | "h2";
export type Connection = "new" | "kept";

/** One request of a prober. */
export interface ProbeRequest {
  /** The name that is asked for: in the TLS handshake, which verifies it, and in the request. */
  host: string;
  path: string;
  /** GET, if nothing is said. */
  method?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string;
}

/** Where all requests of a prober go, and how long each may take, in ms. */
export interface Target {
  /** Of the server, or its name. */
  address: string;
  port: number;
  /** Which of this machine's addresses they come from; the system's choice, if nothing is said. */
  localAddress: string | undefined;
  secureContext: SecureContext;
  timeoutMs: number;
}

/** A whole answer: one that was cut off is none. */
export interface Answered {
  status: number;
  bytes: number;
  /** sha256 of the body, hexadecimal. */
  digest: string;
  headers: Readonly<IncomingHttpHeaders>;
  /** The address that has answered. */
  from: string;
}

/** Sends each request exactly once. Rejects with what became of it otherwise; `errorCode` names that. */
export interface Transport {
  ask(request: ProbeRequest, connection: Connection): Promise<Answered>;
  close(): void;
}

export async function bodyOf(pieces: AsyncIterable<Uint8Array>): Promise<{ bytes: number; digest: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, digest: hash.digest("hex") };
}

/** What kept a request from its answer, as one word: an error code of the system, of TLS or of HTTP/2, or `timeout`. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  if (error.name === "AbortError" || error.name === "TimeoutError") return "timeout";
  if (error instanceof AggregateError && error.errors.length > 0) return errorCode(error.errors[0]);
  const code = "code" in error ? String(error.code) : error.name;
  // HTTP/2 tells of a connection that broke by way of each request on it.
  return code === "ERR_HTTP2_STREAM_CANCEL" && error.cause instanceof Error ? errorCode(error.cause) : code;
}

/** Beside its code: TLS has one for all that its server may refuse. */
export function errorDetail(error: unknown): string {
  const port = error instanceof Error && "localPort" in error ? ` (from port ${error.localPort})` : "";
  return clean(error instanceof Error ? error.message : String(error), 300) + port;
}
