import { BerthError } from "../kit/error.ts";
import type { Call } from "./tool.ts";

/** Clients cut a call at 60 s; what is not done by then goes on, and the same call fetches it. */
const answerAfterMs = 20_000;
const endAfterMs = 15 * 60_000;
/** What was found so long ago is not what there is now. */
const keepMs = 5 * 60_000;
/** Each is a connection or a copy of a source: more at a time asks no person, but a loop. */
const mostAtOnce = 16;

interface Work {
  ended: Promise<unknown>;
  abort: AbortController;
  /** Calls that wait for it now. */
  waiting: number;
  /** Somebody was told that it goes on, and will call again. */
  promised: boolean;
  /** By the monotonic clock, in ms; undefined while it goes on. */
  endedAt: number | undefined;
}

/** By what it works on, then by what was asked. */
const under = new WeakMap<object, Map<string, Work>>();

/** Ended, or still under way. */
export type Ongoing<T> = { done: true; value: T } | { done: false };

/**
 * Work that outlasts the call that began it: equal calls share it, and what has ended is given to the first that asks.
 * It is aborted when every caller has gone and none was told to come back. Rejects as the work does; throws `too_many_calls`.
 */
export async function ongoing<T>(
  { surface, signal, progress }: Call,
  wanted: { key: readonly unknown[]; what: string },
  begin: (signal: AbortSignal) => Promise<T>,
  waitMs = answerAfterMs,
): Promise<Ongoing<T>> {
  signal.throwIfAborted();
  const key = JSON.stringify(wanted.key);
  const works = worksOf(surface);
  // What was promised to somebody who never came back is not kept for ever.
  for (const [other, old] of works) if (stale(old)) works.delete(other);
  const known = works.get(key);
  if (!known && [...works.values()].filter(({ endedAt }) => endedAt === undefined).length >= mostAtOnce)
    throw tooMany();
  const work = known ?? begun(begin);
  works.set(key, work);
  work.waiting++;
  progress(wanted.what);
  try {
    const value = await raced(work.ended, signal, waitMs);
    if (value === over) {
      work.promised = true;
      return { done: false };
    }
    forget(works, key, work);
    return { done: true, value: value as T };
  } catch (error) {
    if (!signal.aborted) forget(works, key, work);
    throw error;
  } finally {
    work.waiting--;
    if (signal.aborted && work.waiting === 0 && !work.promised) {
      work.abort.abort(signal.reason);
      forget(works, key, work);
    }
  }
}

function begun(begin: (signal: AbortSignal) => Promise<unknown>): Work {
  const abort = new AbortController();
  const ended = begin(AbortSignal.any([abort.signal, AbortSignal.timeout(endAfterMs)]));
  const work: Work = { ended, abort, waiting: 0, promised: false, endedAt: undefined };
  const note = () => {
    work.endedAt = performance.now();
  };
  // A failure that comes while nobody waits is told to the next call.
  ended.then(note, note);
  return work;
}

const stale = ({ endedAt }: Work) => endedAt !== undefined && performance.now() - endedAt > keepMs;

const over = Symbol("the time is over");

async function raced(ended: Promise<unknown>, signal: AbortSignal, ms: number): Promise<unknown> {
  const { promise: stopped, resolve, reject } = Promise.withResolvers<unknown>();
  const timer = setTimeout(() => resolve(over), ms);
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([ended, stopped]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

function worksOf(surface: object): Map<string, Work> {
  const works = under.get(surface) ?? new Map<string, Work>();
  under.set(surface, works);
  return works;
}

/** Only this piece of work: an equal one may have been begun since. */
function forget(works: Map<string, Work>, key: string, work: Work): void {
  if (works.get(key) === work) works.delete(key);
}

const tooMany = () =>
  new BerthError({
    code: "too_many_calls",
    message: "Too much is being looked at already, so this was not begun.",
    object: "berth serve",
    cause: `${mostAtOnce} looks at sources and servers go on.`,
    next: "Wait for the answers of the calls before, then call this again.",
  });
