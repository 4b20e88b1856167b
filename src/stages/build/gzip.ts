import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

/** The bytes as they are, or unpacked where they are gzip: Engines that keep images in containerd archive them so. */
export async function* unpack(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { first, whole } = await peek(source);
  const isGzip = first?.[0] === 0x1f && first[1] === 0x8b;
  yield* isGzip ? gunzip(whole) : whole;
}

/** The first chunk of a stream, and the whole of it with that chunk. */
export async function peek(source: AsyncIterable<Buffer>) {
  const chunks = source[Symbol.asyncIterator]();
  const first = await chunks.next();
  const whole = async function* (): AsyncGenerator<Buffer> {
    if (first.done) return;
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => chunks };
  };
  return { first: first.done ? undefined : first.value, whole: whole() };
}

function gunzip(source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const unpacked = createGunzip();
  // An error of the source destroys `unpacked`, so whoever reads it gets the error.
  pipeline(Readable.from(source), unpacked).catch(() => {});
  return unpacked;
}
