import { createHash } from "node:crypto";
import { addAbortSignal, Readable } from "node:stream";
import type Docker from "dockerode";
import { BerthError } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";
import { peek, unpack } from "./gzip.ts";
import { readTar } from "./tar.ts";

export interface Wanted {
  /** Secrets by name; a value that is too short to be told from chance is not looked for. */
  given: ReadonlyMap<string, string>;
  /** PEM of the bundle that build steps could see. */
  caBundle: string | undefined;
}

const enoughToTell = { inConfiguration: 6, inFiles: 12 };

/**
 * Looks for what must not be in an image: values of secrets in its configuration, its history and the files of its
 * layers, and the CA bundle among the files. Throws `secret_in_image` or `ca_bundle_in_image`, with the place.
 */
export async function searchImage(engine: Docker, image: string, wanted: Wanted, signal: AbortSignal): Promise<void> {
  const about = [await engine.getImage(image).inspect(), await engine.getImage(image).history()];
  const text = JSON.stringify(about);
  for (const [name, value] of longer(wanted.given, enoughToTell.inConfiguration)) {
    const asJson = JSON.stringify(value).slice(1, -1);
    if (text.includes(asJson)) throw secretFound(image, name, "its configuration or history (ENV, ARG, LABEL, RUN)");
  }
  const finders = findersOf(image, wanted);
  if (finders.length === 0) return;
  const archive = addAbortSignal(signal, (await engine.getImage(image).get()) as Readable);
  await readTar(archive, async ({ name, type, size = 0 }, content) => {
    const isLayer = type === "file" && (name.endsWith("/layer.tar") || name.startsWith("blobs/"));
    if (isLayer && size >= 1024) await searchLayer(content, finders);
  });
}

/** Reads the content of one file; throws where it is what must not be there. */
type Finder = (path: string, size: number) => { chunk(bytes: Buffer): void; end(): void };

async function searchLayer(content: Readable, finders: readonly Finder[]): Promise<void> {
  const { first, whole } = await peek(unpack(content));
  // An archive's blobs are layers and JSON documents alike; only a layer is a tar, which says so at byte 257.
  if (first?.subarray(257, 262).toString() !== "ustar") return;
  await readTar(Readable.from(whole), async ({ name, type, size = 0 }, file) => {
    if (type !== "file") return;
    const open = finders.map((finder) => finder(name, size));
    for await (const chunk of file as AsyncIterable<Buffer>) for (const finder of open) finder.chunk(chunk);
    for (const finder of open) finder.end();
  });
}

function findersOf(image: string, { given, caBundle }: Wanted): Finder[] {
  const secrets = [...longer(given, enoughToTell.inFiles)].map(([name, value]) =>
    valueFinder(Buffer.from(value), (path) => secretFound(image, name, `the file /${cleanLine(path)}`)),
  );
  return caBundle === undefined ? secrets : [...secrets, bundleFinder(image, Buffer.from(caBundle))];
}

const longer = (values: ReadonlyMap<string, string>, least: number) =>
  [...values].filter(([, value]) => value.length >= least);

function valueFinder(value: Buffer, found: (path: string) => BerthError): Finder {
  return (path) => {
    let tail: Buffer = Buffer.alloc(0);
    return {
      chunk(bytes) {
        if (bytes.includes(value)) throw found(path);
        // It may lie across the end of one chunk and the start of the next.
        const seam = Buffer.concat([tail, bytes.subarray(0, value.length - 1)]);
        if (seam.includes(value)) throw found(path);
        tail = Buffer.concat([tail, bytes]).subarray(-(value.length - 1));
      },
      end() {},
    };
  };
}

/** By the whole file: single certificates of a bundle are public ones that any image may hold. */
function bundleFinder(image: string, bundle: Buffer): Finder {
  const digest = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
  const wanted = digest(bundle);
  return (path, size) => {
    const hash = size === bundle.length ? createHash("sha256") : undefined;
    return {
      chunk: (bytes) => void hash?.update(bytes),
      end() {
        if (hash?.digest("hex") === wanted) throw bundleFound(image, path);
      },
    };
  };
}

const secretFound = (image: string, name: string, where: string) =>
  new BerthError({
    code: "secret_in_image",
    message: `The value of the secret ${name} is in the image.`,
    object: image,
    cause: `It stands in ${where}, where everybody who has the image can read it.`,
    next: "Take it out of the source or the Dockerfile, change the secret's value, then plan again: berth up.",
  });

const bundleFound = (image: string, path: string) =>
  new BerthError({
    code: "ca_bundle_in_image",
    message: "The CA bundle for builds is in the image.",
    object: image,
    cause: `It is the file /${cleanLine(path)}: a build step copied it there.`,
    next: "Mount it instead (RUN --mount=type=bind,from=ca,target=/mnt), then run the command again.",
  });
