import { join } from "node:path";
import { BerthError } from "../../kit/error.ts";
import { cleanLine, visible } from "../../kit/text.ts";
import { listContext } from "../source/context.ts";
import type { Listing } from "../source/files.ts";
import { dockerignoreFilter } from "../source/ignore.ts";
import { readLines } from "./lines.ts";
import { openView } from "./read.ts";

/**
 * A source that somebody looks into. What a build does not get to see is not there: .git, secret files, and what
 * .dockerignore keeps out. No link is followed. Names and lines are given as `visible` shows them, and names are taken in
 * that form too. `scrub` masks secrets before anything is cut, since no mask finds half of one.
 */
export interface LookedInto {
  dir: string;
  scrub(text: string): string;
}

const pageLines = 400;
const pageChars = 23_800;
const lineChars = 2000;
const matchChars = 300;
const maxMatches = 100;
/** Of a line what is shown, and the longest secret that may begin in there. */
const lineBytes = 4 * lineChars + 65_536;
const fileBytes = 64_000_000;

/** The names in a folder ("" is the root), folders with a slash behind. Throws `no_such_file`. */
export async function namesIn({ dir }: LookedInto, folder: string): Promise<string[]> {
  const wanted = withoutDots(folder);
  const prefix = wanted === "" ? "" : `${wanted}/`;
  const listing = await listContext(dir);
  const below = listing.files.map(({ path }) => visible(path)).filter((path) => path.startsWith(prefix));
  if (below.length === 0 && wanted !== "") throw noSuchFile(folder, whyNoFolder(listing, wanted));
  const names = below.map((path) => path.slice(prefix.length).replace(/\/.*/, "/"));
  return [...new Set(names)].sort();
}

export interface Page {
  path: string;
  from: number;
  /** The last line that stands in `text`; `from - 1` where none does. */
  to: number;
  /** The file's last line. */
  total: number;
  text: string;
}

/**
 * Lines of a text file from `from` (counted from 1): at most 400, and 24,000 characters, long lines cut; what is left out
 * is said in brackets. Throws `no_such_file`, `not_text`.
 */
export async function pageOf(
  { dir, scrub }: LookedInto,
  wanted: string,
  range: { from: number; lines: number },
): Promise<Page> {
  const path = withoutDots(wanted);
  const listing = await listContext(dir);
  const file = listing.files.find((one) => visible(one.path) === path);
  if (file?.kind !== "file") throw noSuchFile(wanted, whyNoFile(listing, path));
  const from = Math.max(1, range.from);
  const to = from + Math.min(Math.max(1, range.lines), pageLines);
  const read = await readLines(join(dir, file.path), { from, to, lineBytes, fileBytes });
  if (!read) throw notText(path);
  const lines = read.lines.map(({ text, bytes }) => cutLine(visibleLine(scrub(text)), bytes));
  const shown = fitting(lines);
  const notes = [
    ...(shown.length < lines.length ? [`[the page is full: go on from line ${from + shown.length}]`] : []),
    ...(read.whole ? [] : [`[only the first ${fileBytes / 1e6} MB of this file are looked at]`]),
  ];
  return { path, from, to: from + shown.length - 1, total: read.total, text: [...shown, ...notes].join("\n") };
}

/** Tabs stay: they are how code is indented. */
const visibleLine = (line: string) => line.split("\t").map(visible).join("\t");

/** As many whole lines as a page holds, with room for its notes. */
function fitting(lines: readonly string[]): readonly string[] {
  let room = pageChars;
  const end = lines.findIndex((line) => {
    room -= line.length + 1;
    return room < 0;
  });
  return end < 0 ? lines : lines.slice(0, end);
}

const cutLine = (line: string, bytes: number) =>
  line.length <= lineChars ? line : `${line.slice(0, lineChars).toWellFormed()} [cut: this line has ${bytes} bytes]`;

export interface Matches {
  matches: { path: string; line: number; text: string }[];
  /** There are more than were asked for. */
  more: boolean;
}

/** Lines that hold a text, whatever its case, in the files that the analysis reads: at most 100. */
export async function linesWith({ dir, scrub }: LookedInto, text: string, most: number): Promise<Matches> {
  const wanted = text.toLowerCase();
  const limit = Math.min(Math.max(1, most), maxMatches);
  const [view, ignores] = await Promise.all([openView(dir), dockerignoreFilter(dir)]);
  const matches: Matches["matches"] = [];
  for (const { path } of view.files.filter((file) => !ignores(file.path))) {
    for (const [index, line] of (view.text(path) ?? "").split("\n").entries()) {
      if (!line.toLowerCase().includes(wanted)) continue;
      const shown = visibleLine(scrub(line.replace(/\r$/, "")));
      // Asked again of what may be seen: else a secret could be found out letter by letter.
      const at = shown.toLowerCase().indexOf(wanted);
      if (at < 0) continue;
      if (matches.length === limit) return { matches, more: true };
      matches.push({ path: visible(path), line: index + 1, text: around(shown, at) });
    }
  }
  return { matches, more: false };
}

/** The part of a long line in which the match stands. */
function around(line: string, at: number): string {
  if (line.length <= matchChars) return line;
  const from = Math.max(0, Math.min(at - 100, line.length - matchChars));
  return line.slice(from, from + matchChars).toWellFormed();
}

/** `./src/` is `src`. What leads out of the source is left as it is: it names nothing in there. */
const withoutDots = (path: string) => path.replace(/^(?:\.\/+)+|^\.$|\/+$/g, "");

function whyNoFile({ files, leftOut }: Listing, wanted: string): string {
  if (files.some(({ path, kind }) => kind === "link" && visible(path) === wanted))
    return "It is a link, and links are not followed.";
  if (files.some(({ path }) => visible(path).startsWith(`${wanted}/`))) return "It is a folder.";
  const why = leftOut.find(({ path }) => path === wanted)?.why;
  if (why === "secret") return "It is a file for secrets, which nobody gets to see.";
  return "The source has no such file, or .dockerignore keeps it out.";
}

const whyNoFolder = ({ files }: Listing, wanted: string): string =>
  files.some(({ path }) => visible(path) === wanted)
    ? "It is no folder."
    : "The source has no such folder, or .dockerignore keeps it out.";

const noSuchFile = (wanted: string, cause: string) =>
  new BerthError({
    code: "no_such_file",
    message: "The source shows nothing under this name.",
    object: cleanLine(wanted),
    cause,
    next: "List the folder that it should be in, the source's root first; names are relative to that root.",
  });

const notText = (path: string) =>
  new BerthError({
    code: "not_text",
    message: "This file is no text, so it has no lines to show.",
    object: cleanLine(path),
    cause: "It holds NUL bytes.",
    next: "Read another file.",
  });
