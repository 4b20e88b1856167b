import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, type Header } from "tar-stream";

/**
 * Gives each entry of a tar to `visit`, one after the other. `visit` may read the content or leave it: what it leaves is
 * skipped. Rejects where the stream ends early, is not a tar, or `visit` rejects.
 */
export async function readTar(
  source: Readable | Buffer,
  visit: (header: Header, content: Readable) => Promise<void>,
): Promise<void> {
  const reader = extract();
  reader.on("entry", (header, stream, next) => {
    const content = stream as unknown as Readable;
    visit(header, content).then(
      () => {
        content.once("end", next);
        if (content.readableEnded) next();
        else content.resume();
      },
      (error: unknown) => reader.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  });
  await pipeline(source instanceof Buffer ? Readable.from([source]) : source, reader);
}
