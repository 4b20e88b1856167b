import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { headBytes, noteOf } from "./log.ts";

/**
 * A step's log as positions in what the step wrote, in bytes: what was left out of its middle keeps its place, so that a
 * position stays true when more is written and when more is left out.
 */
export interface LogFile {
  end: number;
  /** What is left out; empty (`from` is `to`) where nothing is. */
  gap: { from: number; to: number };
  /** The bytes between two positions that lie on one side of the gap. */
  read(from: number, to: number): Buffer;
}

/** Reads a log that another process may be writing, and may be cutting at the same time. */
export function withLogFile<T>(path: string, body: (file: LogFile) => T): T {
  const fd = openSync(path, "r");
  try {
    for (;;) {
      const before = shapeOf(fd);
      const result = body(logFile(fd, before));
      // Cut meanwhile: what was read may be of two shapes.
      if (shapeOf(fd).omitted === before.omitted) return result;
    }
  } finally {
    closeSync(fd);
  }
}

interface Shape {
  size: number;
  head: number;
  omitted: number;
}

function shapeOf(fd: number): Shape {
  const { size } = fstatSync(fd);
  const head = headBytes();
  const [, omitted = "0"] = /^\n\[… (\d{1,15}) bytes left out …\]\n/.exec(bytesAt(fd, head, 64).toString()) ?? [];
  return { size, head, omitted: Number(omitted) };
}

function logFile(fd: number, { size, head, omitted }: Shape): LogFile {
  const note = omitted > 0 ? noteOf(omitted).length : 0;
  const gap = omitted > 0 ? { from: head, to: head + omitted } : { from: size, to: size };
  return {
    end: size - note + omitted,
    gap,
    read: (from, to) => bytesAt(fd, from < gap.to ? from : from - omitted + note, to - from),
  };
}

/** At most so many: fewer where the file ends before. */
function bytesAt(fd: number, at: number, most: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, most));
  let read = 0;
  while (read < bytes.length) {
    const now = readSync(fd, bytes, read, bytes.length - read, at + read);
    if (now === 0) break;
    read += now;
  }
  return bytes.subarray(0, read);
}
