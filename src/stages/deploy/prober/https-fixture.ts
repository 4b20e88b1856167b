import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Server as NetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Made {
  key: string;
  cert: string;
  /** PEM of the authority that has signed it, which nobody else knows. */
  authority: string;
}

/** A certificate for these names. */
export function makeKeys(names: readonly string[]): Made {
  const folder = mkdtempSync(join(tmpdir(), "berth-keys-"));
  try {
    const openssl = (...words: string[]) => execFileSync("openssl", words, { cwd: folder, stdio: "pipe" });
    const fresh = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    openssl(...fresh, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=An authority");
    const alternatives = `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`;
    const signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", alternatives];
    openssl(...fresh, "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=A server", ...signed);
    const text = (name: string) => readFileSync(join(folder, name), "utf8");
    return { key: text("key.pem"), cert: text("cert.pem"), authority: text("ca.pem") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface Serving {
  server: Server;
  port: number;
  /** With all connections. */
  close(): void;
}

/** A real HTTPS server on a free port of 127.0.0.1. */
export async function serveHttps(
  { key, cert }: Made,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Serving> {
  const server = createServer({ key, cert }, answer);
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { server, port: await listening(server), close };
}

export async function listening(server: NetServer): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
