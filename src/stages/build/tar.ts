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
  const fed = pipeline(source instanceof Buffer ? Readable.from([source]) : source, reader);
  const read = async () => {
    for await (const entry of reader) {
      await visit(entry.header, entry as unknown as Readable);
      entry.resume();
    }
  };
  await Promise.all([fed, read()]);
}
