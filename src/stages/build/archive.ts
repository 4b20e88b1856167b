import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { addAbortSignal, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type Docker from "dockerode";
import { z } from "zod";
import { diskFullHere, isDiskFull } from "../../kit/error.ts";
import { checkDiskHere } from "./disk.ts";
import { unpack } from "./gzip.ts";
import { readTar } from "./tar.ts";

/** One layer as a file: an uncompressed tar, whose digest is the diff id that the configuration names. */
export interface Layer {
  /** `sha256:…` of the uncompressed tar. */
  digest: string;
  file: string;
  /** Bytes, uncompressed. */
  size: number;
}

export interface ImageArchive {
  /** The image's configuration, byte for byte: its sha256 is the image's identity. */
  config: Buffer;
  layers: Layer[];
}

const Manifest = z.tuple([z.object({ Config: z.string(), Layers: z.array(z.string()) })]);
const Config = z.object({ rootfs: z.object({ diff_ids: z.array(z.string()) }) });

/**
 * An image as files in a folder of its own below `scratch`, from the Engine's archive of it; nothing large is held in
 * memory. What a run has read once is there the second time, until `dropArchive`. Throws `disk_full_here`, and leaves nothing
 * then: the journal may lie on the same disk.
 */
export async function readArchive(
  engine: Docker,
  image: string,
  scratch: string,
  signal: AbortSignal,
): Promise<ImageArchive> {
  const { Id, Size } = await engine.getImage(image).inspect();
  const dir = folderOf(scratch, Id);
  const index = join(dir, "index.json");
  const kept = await readFile(index, "utf8").catch(() => undefined);
  if (kept !== undefined) {
    const { config, layers } = JSON.parse(kept) as { config: string; layers: Layer[] };
    return { config: Buffer.from(config, "base64"), layers };
  }
  await rm(dir, { recursive: true, force: true });
  await checkDiskHere(scratch, image, Size);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  try {
    const archive = await unpackArchive(engine, Id, dir, signal);
    // Written last: a folder without it was cut off.
    await writeFile(index, JSON.stringify({ ...archive, config: archive.config.toString("base64") }), { mode: 0o600 });
    return archive;
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    await rm(dir, { recursive: true, force: true });
    throw diskFullHere(scratch, `The archive of ${image} does not fit: ${(error as Error).message}`);
  }
}

/** Removes what `readArchive` keeps of an image. */
export async function dropArchive(scratch: string, imageId: string): Promise<void> {
  await rm(folderOf(scratch, imageId), { recursive: true, force: true });
}

const folderOf = (scratch: string, imageId: string) => join(scratch, `image-${imageId.replace("sha256:", "")}`);

/**
 * Archives have one of two forms (before and since Engine 25); in both, manifest.json says what is what, and it may come
 * last.
 */
async function unpackArchive(engine: Docker, image: string, dir: string, signal: AbortSignal): Promise<ImageArchive> {
  const files = new Map<string, Layer>();
  const links = new Map<string, string>();
  const archive = (await engine.getImage(image).get()) as Readable;
  await readTar(addAbortSignal(signal, archive), async ({ name, type, linkname }, content) => {
    if (type === "file") files.set(name, await spool(content, join(dir, String(files.size))));
    if (type === "symlink") links.set(name, join(name, "..", linkname ?? ""));
  });
  const find = (name: string): Layer => {
    const found = files.get(name) ?? files.get(links.get(name) ?? "");
    if (!found) throw new Error(`the Engine's archive of ${image} lacks ${name}`);
    return found;
  };
  const [manifest] = Manifest.parse(JSON.parse(await readFile(find("manifest.json").file, "utf8")));
  const config = await readFile(find(manifest.Config).file);
  const layers = manifest.Layers.map(find);
  const expected = Config.parse(JSON.parse(config.toString())).rootfs.diff_ids;
  if (expected.join() !== layers.map(({ digest }) => digest).join())
    throw new Error(`the Engine's archive of ${image} does not hold the layers that its configuration names`);
  return { config, layers };
}

/** Writes one entry to a file: unpacked where it is compressed, as an Engine that keeps images in containerd has it. */
async function spool(content: Readable, file: string): Promise<Layer> {
  const hash = createHash("sha256");
  let size = 0;
  const measure = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  };
  await pipeline(content, unpack, measure, createWriteStream(file, { mode: 0o600 }));
  return { digest: `sha256:${hash.digest("hex")}`, file, size };
}
