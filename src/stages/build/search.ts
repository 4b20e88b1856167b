import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { BerthError } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";
import type { Layer } from "./archive.ts";
import { readTar } from "./tar.ts";

export interface Wanted {
  /** The service whose image it is, for messages. */
  of: string;
  /** Secrets by name; a value that is too short to be told from chance is not looked for. */
  given: ReadonlyMap<string, string>;
  /** PEM of the bundle that build steps could see. */
  caBundle: string | undefined;
}

const enoughToTell = { inConfiguration: 6, inFiles: 12 };

/**
 * Looks for values of secrets where everybody who has an image can read them at once: its configuration and history.
 * Throws `secret_in_image`.
 */
export async function searchConfiguration(engine: Docker, image: string, { of, given }: Wanted): Promise<void> {
  const text = JSON.stringify([await engine.getImage(image).inspect(), await engine.getImage(image).history()]);
  for (const [name, value] of longer(given, enoughToTell.inConfiguration)) {
    const asJson = JSON.stringify(value).slice(1, -1);
    if (text.includes(asJson)) throw secretFound(of, name, "its configuration or history (ENV, ARG, LABEL, RUN)");
  }
}

/**
 * Looks through the files of layers for values of secrets and for the CA bundle. Throws `secret_in_image` or
 * `ca_bundle_in_image`, with the file.
 */
export async function searchLayers(layers: readonly Layer[], wanted: Wanted): Promise<void> {
  const finders = findersOf(wanted);
  if (finders.length === 0) return;
  for (const { file } of layers) await searchLayer(createReadStream(file), finders);
}

/** Reads the content of one file; throws where it is what must not be there. */
type Finder = (path: string, size: number) => { chunk(bytes: Buffer): void; end(): void };

async function searchLayer(layer: Readable, finders: readonly Finder[]): Promise<void> {
  await readTar(layer, async ({ name, type, size = 0 }, file) => {
    if (type !== "file") return;
    const open = finders.map((finder) => finder(name, size));
    for await (const chunk of file as AsyncIterable<Buffer>) for (const finder of open) finder.chunk(chunk);
    for (const finder of open) finder.end();
  });
}

function findersOf({ of, given, caBundle }: Wanted): Finder[] {
  const secrets = [...longer(given, enoughToTell.inFiles)].map(([name, value]) =>
    valueFinder(Buffer.from(value), (path) => secretFound(of, name, `the file /${cleanLine(path)}`)),
  );
  return caBundle === undefined ? secrets : [...secrets, bundleFinder(of, Buffer.from(caBundle))];
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
function bundleFinder(of: string, bundle: Buffer): Finder {
  const digest = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
  const wanted = digest(bundle);
  return (path, size) => {
    const hash = size === bundle.length ? createHash("sha256") : undefined;
    return {
      chunk: (bytes) => void hash?.update(bytes),
      end() {
        if (hash?.digest("hex") === wanted) throw bundleFound(of, path);
      },
    };
  };
}

const secretFound = (of: string, name: string, where: string) =>
  new BerthError({
    code: "secret_in_image",
    message: `The value of the secret ${name} is in the image of ${of}.`,
    object: of,
    cause: `It stands in ${where}, where everybody who has the image can read it.`,
    next: "Take it out of the source or the Dockerfile, change the secret's value, then plan again: berth up.",
  });

const bundleFound = (of: string, path: string) =>
  new BerthError({
    code: "ca_bundle_in_image",
    message: `The CA bundle for builds is in the image of ${of}.`,
    object: of,
    cause: `It is the file /${cleanLine(path)}: a build step copied it there.`,
    next: "Mount it instead (RUN --mount=type=bind,from=ca,target=/mnt), then run the command again.",
  });
