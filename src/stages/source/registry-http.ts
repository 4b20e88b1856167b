import { type IncomingMessage, request as plainly, type RequestOptions } from "node:http";
import { request as securely } from "node:https";
import { isIP } from "node:net";
import tls from "node:tls";
import { BerthError } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";
import { allowedAddresses, type Lookup } from "./network.ts";

export interface RegistryAccess {
  allowPrivateAddresses: boolean;
  lookup: Lookup;
  /** PEM of authorities that a registry's certificate may come from, beside the usual ones. */
  caBundle: string | undefined;
  signal: AbortSignal | undefined;
}

export interface Asked {
  url: URL;
  method?: "GET" | "POST";
  headers: Record<string, string>;
  body?: string;
  /** Of an answer that is longer nothing is taken. */
  mostBytes: number;
}

export interface Answered {
  status: number;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

const timeoutMs = 30_000;

/**
 * Asks once; a redirect is an answer. The connection goes to the addresses that were looked at, so that a name that answers
 * otherwise the second time leads nowhere else. Throws `registry_unreachable`, and what `allowedAddresses` throws.
 */
export async function askRegistry(asked: Asked, access: RegistryAccess): Promise<Answered> {
  const { url } = asked;
  if (url.protocol !== "https:" && !isLoopback(url))
    throw unreachable(url.host, "Registries are asked by HTTPS alone.");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = isIP(host) ? [host] : undefined;
  const allowed = await allowedAddresses(
    { host },
    { ...access, lookup: addresses ? async () => addresses : access.lookup },
    "registry",
  );
  const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(access.signal ? [access.signal] : [])]);
  try {
    return await send(asked, { ...optionsFor(host, allowed, access), signal });
  } catch (error) {
    access.signal?.throwIfAborted();
    if (error instanceof BerthError) throw error;
    throw unreachable(url.host, error instanceof Error ? error.message || error.name : String(error));
  }
}

/** Where another machine can read nothing along, whoever asks: as Docker has it. */
export const isLoopback = ({ hostname }: URL): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);

function optionsFor(host: string, addresses: readonly string[], { caBundle }: RegistryAccess): RequestOptions {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return {
    agent: false,
    // A host that is an address is not looked up again.
    lookup: (_name, { all }, done) => (all ? done(null, found) : done(null, found[0]?.address ?? "", found[0]?.family)),
    ca: [...authorities(), ...(caBundle === undefined ? [] : [caBundle])],
    ...(isIP(host) ? {} : { servername: host }),
  } as RequestOptions;
}

/** Node's own, those that it was told of, and the system's, as Docker and git trust them; a Node before 22.15 tells of its own alone. */
const authorities = (): readonly string[] =>
  tls.getCACertificates === undefined
    ? tls.rootCertificates
    : [...tls.getCACertificates("default"), ...tls.getCACertificates("system")];

function send({ url, method = "GET", headers, body, mostBytes }: Asked, options: RequestOptions): Promise<Answered> {
  const start = url.protocol === "https:" ? securely : plainly;
  return new Promise((resolve, reject) => {
    const asking = start(url, { ...options, method, headers }, (response) => {
      const pieces: Buffer[] = [];
      let size = 0;
      response.on("data", (piece: Buffer) => {
        size += piece.length;
        pieces.push(piece);
        if (size > mostBytes) asking.destroy(unreachable(url.host, `It answered with more than ${mostBytes} bytes.`));
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) }),
      );
      response.on("error", reject);
      response.on("aborted", () => reject(new Error("its answer broke off")));
    });
    asking.on("error", reject);
    asking.end(body);
  });
}

export const unreachable = (host: string, cause: string): BerthError =>
  new BerthError({
    code: "registry_unreachable",
    message: "The registry does not answer as one.",
    object: cleanLine(host),
    cause: cleanLine(`${cause}${/certificate|self.signed|issuer/i.test(cause) ? certificates : ""}`, 500),
    next: `Check its name and this machine's connection, e.g. curl https://${cleanLine(host)}/v2/ (401 is what a registry answers).`,
  });

const certificates = ". An authority of your own is named by BERTH_CA_BUNDLE, a file of certificates (PEM).";
