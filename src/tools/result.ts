import { type Failure, failureOf } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { nextAfter } from "./next.ts";
import { type Scrub, safeText, sealAround } from "./seal.ts";
import type { Outside, Tool } from "./tool.ts";

/** What a client gets: the same facts twice, since some clients show a model only one of the two. */
export interface Result {
  structured: Record<string, unknown> | undefined;
  text: string;
  isError: boolean;
}

/** Characters of text from outside in one result; above some 50,000 clients put a result away into a file. */
const mostOutside = 36_000;
/** What Berth says itself is short; a longer one has swallowed something. */
const mostOwn = 2000;

/**
 * What a tool answers, as it leaves: every text cleaned and scrubbed, those from outside sealed. The one door, with
 * `failureResult` and `sealText`. Throws a ZodError where the answer is not what the tool's output schema says.
 */
export function resultOf(tool: Tool, data: unknown, scrub: Scrub): Result {
  const texts: string[] = [];
  const safe = safely(data, scrub, texts);
  const seal = sealAround(texts);
  const structured = tool.output.parse(sealed(safe, seal)) as Record<string, unknown>;
  return { structured, text: JSON.stringify(structured), isError: false };
}

/** A failure for a model: code, next call and the beginning of the cause come first, since clients cut long errors. */
export function failureResult(error: unknown, scrub: Scrub): Result {
  const failure = failureOf(error);
  const code = failure.code.replace(/[^a-z0-9_]/g, "_").slice(0, 40);
  const cause = safeText(failure.cause, 4000, scrub);
  const details = safeText(detailsOf(failure), 4000, scrub);
  const seal = sealAround([cause, details]);
  const first = `${code}\nNext: ${nextAfter(code)}\n`;
  const beginning = cleanLine(cause, Math.max(20, within - first.length - seal("", "error").length));
  const rest = seal(beginning === cause ? details : `${details}\nCause: ${cause}`, "error");
  return { structured: undefined, text: `${first}${seal(beginning, "error")}\nIn full:\n${rest}`, isError: true };
}

/** Clients that cut an error show at least so many characters of it. */
const within = 300;

const detailsOf = ({ message, object, next }: Failure) => `What: ${message}\nTo: ${object}\n${forPerson(next)}`;

/** It names commands, which a model cannot type: what that calls instead is in next.ts. */
export const forPerson = (next: string): string => `For the person, in a terminal: ${next}`;

/** A text from outside by itself, for a resource. */
export function sealText(text: string, origin: string, scrub: Scrub): string {
  const safe = safeText(text, 200_000, scrub);
  return sealAround([safe])(safe, origin);
}

/** Text from outside, made safe, that waits for its seal. */
const waiting = Symbol("waits for its seal");
interface Waiting {
  [waiting]: true;
  text: string;
  origin: string;
}

/** The same data with every text made safe; those are put into `texts`, too. */
function safely(data: unknown, scrub: Scrub, texts: string[]): unknown {
  let room = mostOutside;
  const own = (text: string) => {
    const safe = safeText(text, mostOwn, scrub);
    texts.push(safe);
    return safe;
  };
  const foreign = ({ outside, origin, most }: Outside): Waiting => {
    const text = safeText(outside, Math.min(most, Math.max(room, 100)), scrub);
    room -= text.length;
    texts.push(text);
    return { [waiting]: true, text, origin };
  };
  const walk = (part: unknown): unknown => {
    if (typeof part === "string") return own(part);
    if (isOutside(part)) return foreign(part);
    return mapParts(part, walk);
  };
  return walk(data);
}

function sealed(part: unknown, seal: (text: string, origin: string) => string): unknown {
  if (isWaiting(part)) return seal(part.text, part.origin);
  return mapParts(part, (inner) => sealed(inner, seal));
}

function mapParts(part: unknown, change: (inner: unknown) => unknown): unknown {
  if (Array.isArray(part)) return part.map(change);
  if (typeof part !== "object" || part === null) return part;
  const entries = Object.entries(part).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([key, value]) => [key, change(value)]));
}

const isOutside = (part: unknown): part is Outside =>
  typeof part === "object" && part !== null && "outside" in part && "origin" in part;

const isWaiting = (part: unknown): part is Waiting => typeof part === "object" && part !== null && waiting in part;
