import type Docker from "dockerode";
import { clean } from "../../kit/text.ts";

/** The last lines of a container's output, made safe to show, at most 4,000 characters. */
export async function lastLines(engine: Docker, container: string, lines = 20): Promise<string> {
  const raw = await engine.getContainer(container).logs({ stdout: true, stderr: true, tail: lines, follow: false });
  return clean(demultiplex(raw), 4000).trimEnd();
}

/**
 * The Engine's stream of stdout and stderr as one text. Frames have eight bytes (stream, three zeros, big-endian length),
 * then their content; of a frame that is cut off, what there is.
 */
export function demultiplex(raw: Buffer): string {
  const contents: Buffer[] = [];
  for (let at = 0; at + 8 <= raw.length; ) {
    const end = at + 8 + raw.readUInt32BE(at + 4);
    contents.push(raw.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(contents).toString("utf8");
}
