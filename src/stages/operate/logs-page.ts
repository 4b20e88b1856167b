import type Docker from "dockerode";
import { openLog } from "../../host/docker/log-stream.ts";
import type { Logged } from "./logs-containers.ts";
import { engineTime, type LogLine, readFrames } from "./logs-frames.ts";
import type { NamedLine } from "./logs-merge.ts";

/** Lines by their times: behind one, before one, or (neither) the last that there are. */
export interface PageWanted {
  after?: string | undefined;
  before?: string | undefined;
  /** Only from this time on, as the Engine takes it. */
  since?: string | undefined;
  /** Characters of text at most. */
  chars: number;
}

export interface LogPage {
  lines: NamedLine[];
  /** There are more in the direction of reading. */
  more: boolean;
}

/** Beside its text a line has a time and a name. */
const lineCost = 40;
/** How many of the last lines of a log are looked at first for a page of them. */
const firstTail = 200;

/** A page of several logs as one, in the order of the times. Without `after` it is the newest that fits. */
export async function readPage(
  engine: Docker,
  containers: readonly Logged[],
  wanted: PageWanted,
  signal: AbortSignal,
): Promise<LogPage> {
  const read = wanted.after === undefined ? newestOf : oldestOf;
  const pages = await Promise.all(
    containers.map(async ({ id, title }) => {
      const { lines, more } = await read(engine, id, wanted, signal);
      return { more, lines: lines.map((line): NamedLine => ({ ...line, container: title })) };
    }),
  );
  const sorted = pages
    .flatMap(({ lines }) => lines)
    .toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  const fitting = wanted.after === undefined ? lastThatFit(sorted, wanted.chars) : firstThatFit(sorted, wanted.chars);
  return { lines: fitting, more: fitting.length < sorted.length || pages.some(({ more }) => more) };
}

interface Piece {
  lines: LogLine[];
  more: boolean;
}

/** The first lines behind a time. */
async function oldestOf(engine: Docker, id: string, { after = "", since, chars }: PageWanted, signal: AbortSignal) {
  const lines: LogLine[] = [];
  let size = 0;
  for await (const line of linesOf(engine, id, { since: engineTime(after) ?? since }, signal)) {
    if (line.time <= after) continue;
    if (size > chars) return { lines, more: true };
    lines.push(line);
    size += line.text.length + lineCost;
  }
  return { lines, more: false };
}

/** The last lines before a time: the Engine counts from the end of a log, so more and more of it are asked for. */
async function newestOf(engine: Docker, id: string, wanted: PageWanted, signal: AbortSignal): Promise<Piece> {
  const { before, since, chars } = wanted;
  for (let tail = firstTail; ; tail *= 5) {
    const lines: LogLine[] = [];
    let [seen, size] = [0, 0];
    for await (const line of linesOf(engine, id, { tail, ...(since !== undefined && { since }) }, signal)) {
      seen++;
      if (before !== undefined && line.time >= before) continue;
      lines.push(line);
      size += line.text.length + lineCost;
      while (size > chars * 2) size -= (lines.shift()?.text.length ?? 0) + lineCost;
    }
    if (size > chars || seen < tail) return { lines, more: size > chars };
  }
}

async function* linesOf(
  engine: Docker,
  id: string,
  range: { since?: string | undefined; tail?: number },
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const enough = new AbortController();
  const stream = await openLog(engine, id, { follow: false, ...range }, AbortSignal.any([signal, enough.signal]));
  if (!stream) return;
  const frames = readFrames();
  try {
    for await (const chunk of stream) yield* frames.push(chunk as Buffer);
    yield* frames.end();
  } finally {
    // What was asked for and is not wanted any more is not sent.
    stream.on("error", () => undefined);
    enough.abort();
  }
}

/** Whole lines; of one that fits in no page, its beginning. */
function firstThatFit(lines: readonly NamedLine[], chars: number): NamedLine[] {
  const fitting: NamedLine[] = [];
  let left = chars;
  for (const line of lines) {
    left -= line.text.length + lineCost;
    if (left < 0) return fitting.length > 0 ? fitting : [{ ...line, text: line.text.slice(0, chars) }];
    fitting.push(line);
  }
  return fitting;
}

const lastThatFit = (lines: readonly NamedLine[], chars: number): NamedLine[] =>
  firstThatFit(lines.toReversed(), chars).toReversed();
