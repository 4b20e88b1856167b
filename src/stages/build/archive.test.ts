import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dropArchive, readArchive } from "./archive.ts";

const contents = ["one", "two", "one"].map((text) => Buffer.from(text.repeat(1000)));
const digests = contents.map((bytes) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`);
const config = JSON.stringify({ rootfs: { type: "layers", diff_ids: digests } });
const Id = `sha256:${"c".repeat(64)}`;

type Entry = [name: string, content: string | Buffer] | [name: string, linkname: { to: string }];

/** As `docker save` writes it before Engine 25: a folder a layer, a repeated layer as a link. */
const folders: Entry[] = [
  ["a/layer.tar", contents[0] ?? ""],
  ["b/layer.tar", contents[1] ?? ""],
  ["c/layer.tar", { to: "../a/layer.tar" }],
  ["cc.json", config],
  [
    "manifest.json",
    JSON.stringify([{ Config: "cc.json", RepoTags: [], Layers: ["a/layer.tar", "b/layer.tar", "c/layer.tar"] }]),
  ],
];
/** As it is since, from an Engine that keeps images in containerd: blobs by digest, layers compressed. */
const blobs: Entry[] = [
  ["blobs/sha256/1", gzipSync(contents[0] ?? "")],
  ["blobs/sha256/2", gzipSync(contents[1] ?? "")],
  ["blobs/sha256/c", config],
  ["index.json", "{}"],
  [
    "manifest.json",
    JSON.stringify([{ Config: "blobs/sha256/c", Layers: ["blobs/sha256/1", "blobs/sha256/2", "blobs/sha256/1"] }]),
  ],
];

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "archive-"));
});
afterEach(() => rm(scratch, { recursive: true }));

function engineWith(entries: readonly Entry[], Size = 9000) {
  let asked = 0;
  const get = async () => {
    asked++;
    const tar = pack();
    for (const [name, content] of entries) {
      if (typeof content === "string" || Buffer.isBuffer(content)) tar.entry({ name }, content);
      else tar.entry({ name, type: "symlink", linkname: content.to });
    }
    tar.finalize();
    return tar as unknown as Readable;
  };
  const engine = { getImage: () => ({ get, inspect: async () => ({ Id, Size }) }) } as unknown as Docker;
  return { engine, asked: () => asked };
}

const read = (engine: Docker) => readArchive(engine, "berth/web:1", scratch, new AbortController().signal);

test.each([
  ["folders", folders],
  ["blobs", blobs],
])("an archive of %s gives uncompressed layers in order, and the configuration byte for byte", async (_, entries) => {
  const archive = await read(engineWith(entries).engine);
  expect(archive.config.toString()).toBe(config);
  expect(archive.layers.map(({ digest }) => digest)).toEqual(digests);
  for (const [index, { file, size }] of archive.layers.entries()) {
    expect(size).toBe(contents[index]?.length);
    expect((await readFile(file)).equals(contents[index] ?? Buffer.alloc(0))).toBe(true);
  }
});

test("what was read once is not asked for again, until it is dropped", async () => {
  const { engine, asked } = engineWith(blobs);
  expect(await read(engine)).toEqual(await read(engine));
  expect(asked()).toBe(1);
  await dropArchive(scratch, Id);
  expect(await readdir(scratch)).toEqual([]);
});

test("an archive that has no room is not begun: the disk stays as it is", async () => {
  const { engine, asked } = engineWith(blobs, 1e18);
  await expect(read(engine)).rejects.toMatchObject({
    ...{ code: "disk_full_here", object: scratch },
    cause: expect.stringMatching(/^The archive of berth\/web:1 needs \d+ MB there, and \d+ MB are free\.$/),
  });
  expect(asked()).toBe(0);
  expect(await readdir(scratch)).toEqual([]);
});

test("an archive that lacks a layer, or holds another than the configuration names, is refused", async () => {
  await expect(read(engineWith(blobs.slice(1)).engine)).rejects.toThrow("lacks blobs/sha256/1");
  const forged: Entry[] = [["a/layer.tar", "something else"], ...folders.slice(1)];
  await expect(read(engineWith(forged).engine)).rejects.toThrow("does not hold the layers");
  await expect(read(engineWith([]).engine)).rejects.toThrow("lacks manifest.json");
});
