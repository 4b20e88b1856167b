import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../kit/canonical.ts";
import { isDiskFull } from "../kit/error.ts";
import type { LogSeal } from "./event.ts";

/** Masks secrets in a text that comes in pieces; what `push` holds back, `end` gives. */
export interface Scrubber {
  push(text: string): string;
  end(): string;
}

export interface StepLog {
  write(text: string): void;
  /** Closes the file, once; undefined where nothing was ever written. A text that comes later is dropped. */
  close(): LogSeal | undefined;
}

/** Bytes that a log file keeps at most, the note about what was left out apart. */
const logCap = 20 * 1024 * 1024;

/** Where a run's logs lie: one file for each step and taking of the run. */
export const logName = (step: string, fence: number) => `${fence}-${step.replace(/[^A-Za-z0-9._-]/g, "_")}.log`;

/** What `logName` was given; the step as far as a file name can hold it. */
export function partsOfLog(name: string): { fence: number; step: string } {
  const [fence = ""] = name.split("-", 1);
  return { fence: Number(fence), step: name.slice(fence.length + 1).replace(/\.log$/, "") };
}

/**
 * A step's log, made with its first text. Scrubbed before it is written, and written at once, so that a reader can
 * follow and a crash loses nothing. Past the cap its middle goes: the first half stays, and the newest quarter.
 */
export function openLog(folder: string, name: string, scrubber: Scrubber, cap = logCap): StepLog {
  let file: { fd: number; size: number; omitted: number } | undefined;
  let lost = 0;
  let seal: LogSeal | undefined;

  // A disk that is full must not end a step in the middle of an act: what does not fit is counted, and said when it fits again.
  function put(text: string): void {
    if (text === "" || seal) return;
    const bytes = Buffer.from(lost > 0 ? lostNote(lost) + text : text);
    try {
      file ??= { fd: create(folder, name), size: 0, omitted: 0 };
      writeAll(file.fd, bytes, file.size);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      lost += Buffer.byteLength(text);
      cutBack(file);
      return;
    }
    lost = 0;
    file.size += bytes.length;
    if (file.size > cap) Object.assign(file, dropMiddle(file, cap));
  }

  return {
    write: (text) => put(scrubber.push(text)),
    close: () => {
      if (seal) return seal;
      const rest = scrubber.end();
      put(rest === "" && lost > 0 ? "\n" : rest);
      if (!file) return undefined;
      closeSync(file.fd);
      const content = readFileSync(join(folder, name));
      seal = { file: name, bytes: content.length, sha256: sha256(content), omitted: file.omitted };
      return seal;
    },
  };
}

const lostNote = (bytes: number) => `\n[… no room on the disk here: ${bytes} bytes lost …]\n`;

/** A piece of a text that did not fit is no text. */
function cutBack(file: { fd: number; size: number } | undefined): void {
  if (file) ftruncateSync(file.fd, file.size);
}

function create(folder: string, name: string): number {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return openSync(join(folder, name), "w+", 0o600);
}

/** Where a log whose middle went goes on with the note about it. */
export const headBytes = (cap = logCap): number => Math.floor(cap / 2);

export const noteOf = (omitted: number) => Buffer.from(`\n[… ${omitted} bytes left out …]\n`);

function dropMiddle({ fd, size, omitted }: { fd: number; size: number; omitted: number }, cap: number) {
  const head = headBytes(cap);
  const tail = Buffer.alloc(Math.floor(cap / 4));
  readSync(fd, tail, 0, tail.length, size - tail.length);
  // The note of an earlier cut lies between head and tail: its bytes were never the step's.
  const dropped = omitted + size - head - tail.length - (omitted > 0 ? noteOf(omitted).length : 0);
  const note = noteOf(dropped);
  ftruncateSync(fd, head);
  writeAll(fd, Buffer.concat([note, tail]), head);
  return { size: head + note.length + tail.length, omitted: dropped };
}

/** At a position of our own: a rewrite must not depend on where the last write ended. */
function writeAll(fd: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, at + done);
}
