import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { z } from "zod";

const Message = z.object({
  error: z.string().optional(),
  status: z.string().optional(),
  stream: z.string().optional(),
  id: z.string().optional(),
});

/**
 * Reads the Engine's answer to a pull, load or import to its end: JSON messages, one a line. The Engine answers 200
 * before it knows how it ends, so its error comes as a message: it is thrown here as an Error with the Engine's words.
 */
export async function untilDone(answer: NodeJS.ReadableStream, log: (text: string) => void = () => {}): Promise<void> {
  for await (const line of createInterface({ input: answer as Readable, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === "") continue;
    const { error, status, stream, id } = Message.parse(JSON.parse(line));
    if (error !== undefined) throw new Error(error);
    const text = [id, status ?? stream?.trim()].filter(Boolean).join(": ");
    // The bars of each layer's progress would be thousands of lines.
    if (text && !/^(\w+: )?(Downloading|Extracting|Waiting|Verifying Checksum)$/.test(text)) log(`${text}\n`);
  }
}
