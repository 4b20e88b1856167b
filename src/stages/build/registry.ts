import { createHash, timingSafeEqual } from "node:crypto";
import { createReadStream } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { z } from "zod";
import type { ImageArchive, Layer } from "./archive.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";

export const registryUser = "berth";

export interface Registry {
  /** Answers on whatever connection is given to it: `server.emit("connection", stream)`; it listens nowhere by itself. */
  server: Server;
  /** Bytes of layers and configuration sent so far, as they went over the line. */
  sent(): { bytes: number; layers: number };
}

/** The manifest over the first `count` layers of an image, with its own digest. A pull of it brings those layers. */
export interface PartManifest {
  digest: string;
  manifest: Buffer;
  config: Buffer;
}

/** A part is an image of its own: its configuration names as many layers as it has. The last part is the image itself. */
export function partManifest({ config, layers }: ImageArchive, count: number): PartManifest {
  const whole = count === layers.length;
  const part = whole ? config : partConfig(config, count);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf(part), size: part.length },
      layers: layers.slice(0, count).map(({ digest, size }) => ({
        mediaType: "application/vnd.oci.image.layer.v1.tar",
        digest,
        size,
      })),
    }),
  );
  return { digest: digestOf(manifest), manifest, config: part };
}

/** It keeps the labels: what a cut-off transfer leaves is found by them. */
function partConfig(config: Buffer, count: number): Buffer {
  const { architecture, os, config: run, rootfs } = PartialConfig.parse(JSON.parse(config.toString()));
  const diff_ids = rootfs.diff_ids.slice(0, count);
  return Buffer.from(JSON.stringify({ architecture, os, config: run, rootfs: { type: "layers", diff_ids } }));
}

const PartialConfig = z.object({
  architecture: z.string(),
  os: z.string(),
  config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
  rootfs: z.object({ diff_ids: z.array(z.string()) }),
});

/**
 * The pull side of the distribution API over one image. Every local user of the server can reach the port that leads
 * here, so only who knows the token gets an answer. Layers go under the digest of their uncompressed form, which is what
 * the image's configuration names, and are compressed on the way where the client accepts that.
 */
export function serveImage(layers: readonly Layer[], parts: readonly PartManifest[], token: string): Registry {
  const expected = hashed(`Basic ${Buffer.from(`${registryUser}:${token}`).toString("base64")}`);
  const manifests = new Map(parts.map(({ digest, manifest }) => [digest, manifest]));
  const configs = new Map(parts.map(({ config }) => [digestOf(config), config]));
  const files = new Map(layers.map((layer) => [layer.digest, layer]));
  const sentLayers = new Set<string>();
  let bytes = 0;

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (!timingSafeEqual(hashed(request.headers.authorization ?? ""), expected))
      return void response.writeHead(401, { "www-authenticate": 'Basic realm="berth"' }).end();
    if (request.method !== "GET" && request.method !== "HEAD") return void response.writeHead(405).end();
    if (request.url === "/v2/") return void response.end("{}");
    const [, kind, digest = ""] = /^\/v2\/.+\/(manifests|blobs)\/(sha256:[0-9a-f]{64})$/.exec(request.url ?? "") ?? [];
    const small = kind === "manifests" ? manifests.get(digest) : configs.get(digest);
    const type = kind === "manifests" ? manifestType : "application/octet-stream";
    const headers = { "content-type": type, "docker-content-digest": digest };
    if (small)
      return void response.writeHead(200, { ...headers, "content-length": small.length }).end(bodyOf(request, small));
    const layer = kind === "blobs" ? files.get(digest) : undefined;
    if (!layer) return void response.writeHead(404).end();
    await sendLayer(request, response, layer, headers);
  };

  const bodyOf = (request: IncomingMessage, body: Buffer) => {
    if (request.method === "HEAD") return undefined;
    bytes += body.length;
    return body;
  };

  const sendLayer = async (
    request: IncomingMessage,
    response: ServerResponse,
    layer: Layer,
    headers: Record<string, string>,
  ) => {
    const from = rangeStart(request, layer.size);
    const range = from > 0 ? { "content-range": `bytes ${from}-${layer.size - 1}/${layer.size}` } : {};
    // A part of a compressed form is no part of the layer, so a range goes as it is.
    const compress = from === 0 && request.method === "GET" && acceptsGzip(request);
    const length = compress ? { "content-encoding": "gzip" } : { "content-length": layer.size - from };
    response.writeHead(from > 0 ? 206 : 200, { ...headers, ...range, ...length });
    if (request.method === "HEAD") return void response.end();
    sentLayers.add(layer.digest);
    const count = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        done(null, chunk);
      },
    });
    const file = layer.size > 0 ? createReadStream(layer.file, { start: from }) : Readable.from([]);
    await (compress ? pipeline(file, createGzip({ level: 3 }), count, response) : pipeline(file, count, response));
  };

  const server = createServer((request, response) => {
    // A client that goes away in the middle asks again; there is nobody here to tell.
    answer(request, response).catch(() => response.destroy());
  });
  return { server, sent: () => ({ bytes, layers: sentLayers.size }) };
}

/** Of one length, so that comparing takes as long for every wrong token. */
const hashed = (text: string) => createHash("sha256").update(text).digest();

const acceptsGzip = ({ headers }: IncomingMessage) => /\bgzip\b/.test(String(headers["accept-encoding"] ?? ""));

/** `Range: bytes=N-`, as clients go on after a cut; 0 where it asks for the whole, or for what does not exist. */
function rangeStart({ headers }: IncomingMessage, size: number): number {
  const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
  return start < size ? start : 0;
}

const digestOf = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
