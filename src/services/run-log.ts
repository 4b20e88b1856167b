import { readdirSync } from "node:fs";
import { join } from "node:path";
import { hashOf } from "../kit/canonical.ts";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { logName, partsOfLog } from "../run/log.ts";
import { pieceBefore, pieceFrom } from "../run/log-piece.ts";
import type { LogReading, RunReading } from "./surface.ts";

/** The logs of one run, as its steps wrote them. */
export interface RunLog {
  run: string;
  folder: string;
  /** In the order in which they are gone through, by the title that people know them by. */
  steps: readonly { id: string; title: string }[];
  /** Somebody works on the run: the last log may grow. */
  goesOn: boolean;
}

interface Part {
  file: string;
  heading: string;
}

/** A place in the text of all parts: of which, and how many bytes into it. */
interface Place {
  part: number;
  at: number;
}

interface Page {
  text: string;
  from: Place;
  to: Place;
}

const usualChars = 4000;
const fewestChars = 200;
const mostChars = 100_000;

/**
 * A page of a run's logs as one text in the order of the journal, each part headed by its step. Without a cursor it is the
 * tail. Throws `bad_cursor`.
 */
export function readLog(log: RunLog, { cursor, chars = usualChars }: LogReading = {}): RunReading["log"] {
  const parts = partsOf(log);
  const room = Math.min(Math.max(Math.trunc(chars), fewestChars), mostChars);
  const wanted = cursor === undefined ? undefined : placeIn(cursor, log.run, parts);
  const page =
    wanted?.way === "on" ? pageFrom(wanted.place, parts, log, room) : pageBefore(wanted?.place, parts, log, room);
  const cursorTo = (way: Way, { part, at }: Place) => cursorOf(log.run, way, parts[part]?.file ?? "", at);
  const first = page.from.part === 0 && page.from.at === 0;
  return { text: page.text, cursor: cursorTo("on", page.to), older: first ? null : cursorTo("back", page.from) };
}

/** One file for each step and taking of the run, oldest taking first; what is taken back goes the other way round. */
function partsOf({ folder, steps }: RunLog): Part[] {
  const known = new Map(steps.map(({ id, title }, n) => [asInName(id), { id, title, order: n, undo: false }]));
  for (const [n, { id, title }] of steps.entries())
    known.set(asInName(`${id}.undo`), { id, title, order: 2 * steps.length - n, undo: true });
  return namesIn(folder)
    .map((file) => {
      const { fence, step } = partsOfLog(file);
      const { id = step, title = step, order = Number.MAX_SAFE_INTEGER, undo = false } = known.get(step) ?? {};
      return { file, fence, order, heading: headingOf(id, title, fence, undo) };
    })
    .sort((a, b) => a.fence - b.fence || a.order - b.order || (a.file < b.file ? -1 : 1));
}

const asInName = (step: string) => partsOfLog(logName(step, 0)).step;

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^\d+-.+\.log$/.test(name));
  } catch {
    // No step has said anything yet.
    return [];
  }
}

function headingOf(id: string, title: string, fence: number, undo: boolean): string {
  const words = cleanLine(title === id ? id : `${title} (${id})`, 100);
  return `── ${undo ? "taking back: " : ""}${words}${fence > 1 ? `, worker ${fence}` : ""} ──\n`;
}

function pageFrom(from: Place, parts: readonly Part[], { folder, goesOn }: RunLog, room: number): Page {
  let text = "";
  let to = from;
  for (const [n, { file, heading }] of parts.entries()) {
    if (n < from.part) continue;
    const at = n === from.part ? from.at : 0;
    const head = `${text === "" || text.endsWith("\n") ? "" : "\n"}${at === 0 ? heading : ""}`;
    const growing = goesOn && n === parts.length - 1;
    const place = { path: join(folder, file), room: room - text.length - head.length, mayBreak: text === "", growing };
    const piece = place.room > 0 ? pieceFrom(at, place) : { text: "", at, more: true };
    if (piece.text !== "") text += head + piece.text;
    to = { part: n, at: piece.at };
    if (piece.more) break;
  }
  return { text, from, to };
}

function pageBefore(end: Place | undefined, parts: readonly Part[], { folder, goesOn }: RunLog, room: number): Page {
  const last = parts.length - 1;
  const newest = end?.part ?? last;
  let page: Page = { text: "", from: { part: 0, at: 0 }, to: end ?? { part: Math.max(0, last), at: 0 } };
  for (const [back, { file, heading }] of parts
    .slice(0, newest + 1)
    .toReversed()
    .entries()) {
    const part = newest - back;
    const left = room - page.text.length - heading.length - 1;
    if (left <= 0) return page;
    const wanted = {
      path: join(folder, file),
      room: left,
      mayBreak: page.text === "",
      growing: goesOn && part === last,
    };
    const piece = pieceBefore(back === 0 ? end?.at : undefined, wanted);
    const joint = page.text === "" || piece.text.endsWith("\n") ? "" : "\n";
    page = {
      text: piece.text === "" ? page.text : heading + piece.text + joint + page.text,
      from: { part, at: piece.at },
      to: back === 0 ? { part, at: piece.end } : page.to,
    };
    if (piece.more) return page;
  }
  return page;
}

type Way = "on" | "back";

/** A place as a reader carries it. It names the run and the file by their hash: more files may come, and names are long. */
const cursorOf = (run: string, way: Way, file: string, at: number): string => `${way}.${at}.${markOf(run, file)}`;

const markOf = (run: string, file: string) => hashOf([run, file]).slice(0, 16);

function placeIn(cursor: string, run: string, parts: readonly Part[]): { way: Way; place: Place } {
  const [, way, at, mark] = /^(on|back)\.(\d{1,15})\.([0-9a-f]{16})$/.exec(cursor) ?? [];
  // A run that had said nothing yet has its cursor before whatever comes first.
  const fromNothing = way === "on" && mark === markOf(run, "");
  const part = fromNothing ? 0 : parts.findIndex(({ file }) => mark === markOf(run, file));
  if (part < 0) throw badCursor(cursor);
  return { way: way === "on" ? "on" : "back", place: { part, at: Number(at) } };
}

const badCursor = (cursor: string) =>
  new BerthError({
    code: "bad_cursor",
    message: "This cursor leads nowhere in the log of this run.",
    object: cleanLine(cursor, 40),
    cause: "A cursor is given by a reading of the same run, and is passed on as it is.",
    next: "Read the log again without a cursor: that gives its tail, and a cursor to go on from.",
  });
