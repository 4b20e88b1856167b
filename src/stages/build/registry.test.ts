import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ImageArchive } from "./archive.ts";
import { partManifest, type Registry, serveImage } from "./registry.ts";

const digestOf = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const contents = ["first layer ".repeat(2000), "second layer"].map((text) => Buffer.from(text));
const login = { authorization: `Basic ${Buffer.from("berth:token").toString("base64")}` };

let dir: string;
let archive: ImageArchive;
let registry: Registry;
let door: Server;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "registry-"));
  const layers = contents.map((content, index) => ({
    digest: digestOf(content),
    file: join(dir, String(index)),
    size: content.length,
  }));
  for (const [index, { file }] of layers.entries()) await writeFile(file, contents[index] ?? "");
  const config = {
    architecture: "amd64",
    os: "linux",
    config: { Env: ["A=1"], Labels: { "dev.berth.stack": "s" } },
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
  };
  archive = { config: Buffer.from(JSON.stringify(config)), layers };
  registry = serveImage(layers, [partManifest(archive, 1), partManifest(archive, 2)], "token");
  // As in a transfer: the registry listens nowhere, it is handed connections.
  door = createServer((socket) => void registry.server.emit("connection", socket)).listen(0, "127.0.0.1");
  await new Promise((listening) => door.once("listening", listening));
});

afterEach(async () => {
  registry.server.closeAllConnections();
  door.close();
  await rm(dir, { recursive: true });
});

async function ask(path: string, headers: Record<string, string> = login, method = "GET") {
  const { port } = door.address() as AddressInfo;
  const answer = await new Promise<import("node:http").IncomingMessage>((resolve, reject) => {
    request({ host: "127.0.0.1", port, path, headers, method, agent: false }, resolve).on("error", reject).end();
  });
  return { status: answer.statusCode, headers: answer.headers, body: await buffer(answer) };
}

test("only who knows the token gets an answer, and nobody can write", async () => {
  const blob = `/v2/x/blobs/${archive.layers[0]?.digest}`;
  expect((await ask("/v2/", {})).status).toBe(401);
  expect((await ask(blob, {})).status).toBe(401);
  expect(
    (await ask(blob, { authorization: `Basic ${Buffer.from("berth:guess").toString("base64")}` })).body.length,
  ).toBe(0);
  expect((await ask("/v2/")).status).toBe(200);
  expect((await ask(blob, login, "PUT")).status).toBe(405);
  expect(registry.sent()).toEqual({ bytes: 0, layers: 0 });
});

test("manifest, configuration and layers are what their digests say, compressed on the way where that is accepted", async () => {
  const { digest } = partManifest(archive, 2);
  const { body } = await ask(`/v2/berth/web/manifests/${digest}`);
  expect(digestOf(body)).toBe(digest);
  const manifest = JSON.parse(body.toString()) as { config: { digest: string }; layers: { digest: string }[] };
  expect(manifest.config.digest).toBe(digestOf(archive.config));
  expect((await ask(`/v2/berth/web/blobs/${manifest.config.digest}`)).body.equals(archive.config)).toBe(true);
  for (const { digest: layer } of manifest.layers) {
    const path = `/v2/berth/web/blobs/${layer}`;
    expect(digestOf((await ask(path)).body)).toBe(layer);
    const packed = await ask(path, { ...login, "accept-encoding": "zstd, gzip" });
    expect(packed.headers["content-encoding"]).toBe("gzip");
    expect(digestOf(gunzipSync(packed.body))).toBe(layer);
  }
  expect(registry.sent().layers).toBe(2);
});

test("a client that was cut off goes on from where it was; HEAD tells the size and sends nothing", async () => {
  const [layer] = archive.layers;
  const path = `/v2/x/blobs/${layer?.digest}`;
  const rest = await ask(path, { ...login, range: "bytes=100-", "accept-encoding": "gzip" });
  expect(rest.status).toBe(206);
  expect(rest.headers["content-range"]).toBe(`bytes 100-${(layer?.size ?? 0) - 1}/${layer?.size}`);
  expect(rest.body.equals(contents[0]?.subarray(100) ?? Buffer.alloc(0))).toBe(true);
  const head = await ask(path, login, "HEAD");
  expect([head.headers["content-length"], head.body.length]).toEqual([String(layer?.size), 0]);
});

test("what is not in the image is not served", async () => {
  for (const path of [`/v2/x/blobs/sha256:${"0".repeat(64)}`, "/v2/x/manifests/latest", "/v2/../../etc/passwd", "/"])
    expect((await ask(path)).status).toBe(404);
});

test("a part is an image of the first layers; the last part is the image itself", () => {
  const part = JSON.parse(partManifest(archive, 1).config.toString()) as {
    config: unknown;
    rootfs: { diff_ids: string[] };
  };
  expect(part.config).toEqual({ Labels: { "dev.berth.stack": "s" } });
  expect(part.rootfs.diff_ids).toEqual([archive.layers[0]?.digest]);
  expect(partManifest(archive, 2).config.equals(archive.config)).toBe(true);
});
