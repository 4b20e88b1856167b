import { constants } from "node:fs";
import { open } from "node:fs/promises";

export interface Wanted {
  /** Counted from 1; `to` is the one behind the last. */
  from: number;
  to: number;
  /** So much of each line is kept. */
  lineBytes: number;
  /** So much of the file is looked at. */
  fileBytes: number;
}

export interface Lines {
  lines: { text: string; bytes: number }[];
  /** Of the part that was looked at. */
  total: number;
  /** False where the file goes on behind that part. */
  whole: boolean;
}

/** As the analysis does: a file is text where its first MB holds no NUL. */
const sniffedBytes = 1_000_000;

/**
 * Some lines of a file, however long it or they are: no more than what is wanted is held. Undefined where it is no text.
 * Bad UTF-8 becomes U+FFFD. A link in place of the file is refused.
 */
export async function readLines(path: string, wanted: Wanted): Promise<Lines | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const reader = lineReader(wanted);
  const chunk = Buffer.alloc(65_536);
  try {
    let seen = 0;
    while (seen < wanted.fileBytes) {
      const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, wanted.fileBytes - seen));
      const bytes = chunk.subarray(0, bytesRead);
      if (bytesRead === 0) return { ...reader.end(), whole: true };
      if (seen < sniffedBytes && bytes.includes(0)) return undefined;
      seen += bytesRead;
      reader.take(bytes);
    }
    return { ...reader.end(), whole: (await file.read(chunk, 0, 1)).bytesRead === 0 };
  } finally {
    await file.close();
  }
}

function lineReader({ from, to, lineBytes }: Wanted) {
  const lines: Lines["lines"] = [];
  let number = 1;
  let length = 0;
  let kept: Buffer[] = [];
  let room = lineBytes;

  function add(bytes: Buffer): void {
    length += bytes.length;
    if (number < from || number >= to || room === 0 || bytes.length === 0) return;
    const part = Buffer.from(bytes.subarray(0, room));
    room -= part.length;
    kept.push(part);
  }

  function next(): void {
    if (number >= from && number < to) lines.push({ text: decoded(kept, number), bytes: length });
    number += 1;
    [length, kept, room] = [0, [], lineBytes];
  }

  return {
    take(bytes: Buffer): void {
      let at = 0;
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, at)) {
        add(bytes.subarray(at, end));
        next();
        at = end + 1;
      }
      add(bytes.subarray(at));
    },
    /** What stands behind the last end of a line is a line too, if there is any. */
    end(): Omit<Lines, "whole"> {
      if (length > 0) next();
      return { lines, total: number - 1 };
    },
  };
}

function decoded(parts: readonly Buffer[], number: number): string {
  const text = Buffer.concat(parts).toString("utf8").replace(/\r$/, "");
  return number === 1 ? text.replace(/^\uFEFF/, "") : text;
}
