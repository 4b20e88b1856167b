import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { openLog } from "../../host/docker/log-stream.ts";
import type { Logged } from "./logs-containers.ts";
import { type LogLine, readFrames } from "./logs-frames.ts";
import { type Beginning, createMark, type Mark } from "./logs-mark.ts";
import { createMerge, type Lane, type NamedLine } from "./logs-merge.ts";

export interface LogsWanted {
  /** Goes on with what is written, by containers that come later too, until it is aborted. */
  follow: boolean;
  /** Of the containers that are there at the beginning. */
  from: Beginning;
}

/** The server, over one connection. */
export interface LogSource {
  containers(): Promise<Logged[]>;
  /** An Engine with room for one more endless stream; `done` gives the room back. */
  stream(): Promise<{ engine: Docker; done(): void }>;
}

/** How far each container's log was given, by its id: kept from one connection to the next. */
export type Marks = Map<string, Mark>;

/** How often it is looked for containers that are new, or run again. */
const lookMs = 1000;

/**
 * The logs of several containers as one, in the order of their times, in batches; whoever takes them slowly slows down the
 * reading. It ends with the logs, or where `signal` says so. Throws what the connection throws, after giving all that had
 * come; the same marks then go on from there.
 */
export async function* readLogs(
  source: LogSource,
  wanted: LogsWanted,
  marks: Marks,
  signal: AbortSignal,
): AsyncGenerator<NamedLine[]> {
  const merge = createMerge();
  const leaving = new AbortController();
  const ending = AbortSignal.any([signal, leaving.signal]);
  const all = readAll(source, wanted, marks, merge.lane, ending).then(
    () => merge.close(),
    (error: unknown) => merge.close(ending.aborted ? undefined : { error }),
  );
  try {
    yield* merge.batches();
  } finally {
    leaving.abort();
    merge.close();
    await all;
  }
}

type Lanes = (container: string) => Lane;

async function readAll(
  source: LogSource,
  wanted: LogsWanted,
  marks: Marks,
  lanes: Lanes,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const ending = AbortSignal.any([signal, stop.signal]);
  const reading = new Map<string, Promise<void>>();
  let failure: { error: unknown } | undefined;
  const begin = (container: Logged, beginning: Beginning) => {
    const mark = marks.get(container.id) ?? createMark(beginning);
    marks.set(container.id, mark);
    const lane = lanes(container.title);
    const done = readOne(source, container.id, { mark, lane, follow: wanted.follow }, ending)
      .catch((error: unknown) => {
        failure ??= { error };
        stop.abort();
      })
      .finally(() => {
        lane.end();
        reading.delete(container.id);
      });
    reading.set(container.id, done);
  };
  try {
    // What came while a connection was broken is read whole: only the very first look begins somewhere else.
    const first = marks.size === 0 ? wanted.from : {};
    for (const container of await source.containers()) begin(container, first);
    while (wanted.follow && !ending.aborted) {
      await sleep(lookMs, undefined, { signal: ending });
      for (const container of await source.containers())
        if (!reading.has(container.id) && (container.live || !marks.has(container.id))) begin(container, {});
    }
  } catch (error) {
    if (!ending.aborted) failure ??= { error };
    stop.abort();
  }
  await Promise.all(reading.values());
  if (failure) throw failure.error;
}

interface Reading {
  mark: Mark;
  lane: Lane;
  follow: boolean;
}

/** One container's log, from its mark on, until it stops, is gone, or all is read that there is. */
async function readOne(
  source: LogSource,
  id: string,
  { mark, lane, follow }: Reading,
  signal: AbortSignal,
): Promise<void> {
  const { engine, done } = await source.stream();
  try {
    const stream = await openLog(engine, id, { follow, ...mark.range() }, signal);
    if (!stream) return;
    lane.opened();
    const fresh = mark.fresh();
    const frames = readFrames();
    const give = async (lines: LogLine[]) => {
      const given = lines.filter(fresh);
      for (const line of given) mark.note(line);
      if (given.length > 0) await lane.push(given);
    };
    for await (const chunk of stream) await give(frames.push(chunk as Buffer));
    await give(frames.end());
  } finally {
    done();
  }
}
