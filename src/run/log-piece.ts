import { noteOf } from "./log.ts";
import { type LogFile, withLogFile } from "./log-file.ts";

/** Where a piece is taken from, and how long it may be: a byte is at least one character of text. */
export interface Wanted {
  path: string;
  /** Bytes at most. */
  room: number;
  /** A line that is longer than the room may be broken, so that a reader gets on. */
  mayBreak: boolean;
  /** Somebody still writes it: a last line that has not ended yet is left for later. */
  growing: boolean;
}

export interface Piece {
  text: string;
  /** Position behind it, or of a piece that was read backwards: before it. */
  at: number;
  /** There is more in this direction. */
  more: boolean;
}

/** Whole lines from a position on. */
export const pieceFrom = (from: number, { path, room, mayBreak, growing }: Wanted): Piece =>
  withLogFile(path, (file) => {
    const end = settledEnd(file, growing, room);
    let piece = { text: "", at: from };
    if (from < file.gap.from) {
      const to = Math.min(file.gap.from, end);
      const bytes = lineStarts(file.read(from, Math.min(to, from + room)), from + room >= to, mayBreak);
      piece = { text: bytes.toString(), at: from + bytes.length };
    }
    if (piece.at >= file.gap.from && piece.at < file.gap.to) {
      const note = noteOf(file.gap.to - piece.at).toString();
      if (piece.text.length + note.length > room) return { ...piece, more: true };
      piece = { text: piece.text + note, at: file.gap.to };
    }
    if (piece.at >= file.gap.to && piece.at < end) {
      const left = room - Buffer.byteLength(piece.text);
      const bytes = file.read(piece.at, Math.min(end, piece.at + left));
      const lines = lineStarts(bytes, piece.at + left >= end, mayBreak && piece.text === "");
      piece = { text: piece.text + lines.toString(), at: piece.at + lines.length };
    }
    return { ...piece, more: piece.at < end };
  });

/** Whole lines up to a position, or up to the end where it is undefined; answers where the text ends as well. */
export const pieceBefore = (
  position: number | undefined,
  { path, room, mayBreak, growing }: Wanted,
): Piece & { end: number } =>
  withLogFile(path, (file) => {
    const last = settledEnd(file, growing, room);
    const end = Math.min(position ?? last, last);
    let piece = { text: "", at: end };
    if (end > file.gap.to) {
      const bytes = lineEnds(file.read(Math.max(file.gap.to, end - room), end), end - room <= file.gap.to, mayBreak);
      piece = { text: bytes.toString(), at: end - bytes.length };
    }
    if (piece.at > file.gap.from && piece.at <= file.gap.to) {
      const note = noteOf(piece.at - file.gap.from).toString();
      if (piece.text.length + note.length > room) return { ...piece, end, more: true };
      piece = { text: note + piece.text, at: file.gap.from };
    }
    if (piece.at <= file.gap.from && piece.at > 0) {
      const left = room - Buffer.byteLength(piece.text);
      const bytes = file.read(Math.max(0, piece.at - left), piece.at);
      const lines = lineEnds(bytes, piece.at <= left, mayBreak && piece.text === "");
      piece = { text: lines.toString() + piece.text, at: piece.at - lines.length };
    }
    return { ...piece, end, more: piece.at > 0 };
  });

/** Where the last whole line ends; of a line that is longer than the room, its last whole character. */
function settledEnd({ end, gap, read }: LogFile, growing: boolean, room: number): number {
  if (!growing) return end;
  const from = Math.max(end > gap.to ? gap.to : 0, end - room);
  const bytes = read(from, end);
  return from + lineStarts(bytes, false, bytes.length >= room).length;
}

const newline = 10;

/** The lines that begin and end in it; all of it where it is the last, and where there is no end of a line, its characters. */
function lineStarts(bytes: Buffer, all: boolean, mayBreak: boolean): Buffer {
  if (all) return bytes;
  const end = bytes.lastIndexOf(newline) + 1;
  return bytes.subarray(0, end === 0 && mayBreak ? wholeEnd(bytes) : end);
}

/** The same from behind. */
function lineEnds(bytes: Buffer, all: boolean, mayBreak: boolean): Buffer {
  if (all) return bytes;
  const start = bytes.indexOf(newline) + 1;
  if (start > 0 && start < bytes.length) return bytes.subarray(start);
  return mayBreak ? bytes.subarray(wholeStart(bytes)) : bytes.subarray(bytes.length);
}

const continues = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

/** Without the beginning of a character whose other bytes come later. */
function wholeEnd(bytes: Buffer): number {
  let lead = bytes.length - 1;
  while (lead > 0 && lead > bytes.length - 4 && continues(bytes[lead])) lead--;
  const first = bytes[lead] ?? 0;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return lead + length > bytes.length ? lead : bytes.length;
}

/** Without the end of a character that began before. */
function wholeStart(bytes: Buffer): number {
  let start = 0;
  while (start < 4 && continues(bytes[start])) start++;
  return start;
}
