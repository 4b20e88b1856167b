import { formsOf } from "./forms.ts";
import { mask, type Secret } from "./value.ts";

export interface Scrubbers {
  /** From now on this value is masked too, in streams that are open as well. Too short a value is not: see forms.ts. */
  add(value: Secret): void;
  scrub(text: string): string;
  /** Masks what comes in pieces; a value split over several is masked as in one. */
  stream(): { push(text: string): string; end(): string };
}

/** Masks values in every form that they commonly show in. Occurrences that overlap are masked as one. */
export function createScrubbers(values: readonly Secret[] = []): Scrubbers {
  let needles: string[] = [];
  const add = (value: Secret) => {
    needles = [...new Set([...needles, ...formsOf(value.reveal())])];
  };
  for (const value of values) add(value);
  return {
    add,
    scrub: (text) => maskAll(text, spansIn(text, needles)),
    stream: () => streamOver(() => needles),
  };
}

/** From the first character of a masked part to the one behind it. */
type Span = [from: number, to: number];

/** Where any needle stands, overlapping ones joined, in order. */
function spansIn(text: string, needles: readonly string[]): Span[] {
  const found: Span[] = [];
  for (const needle of needles)
    for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1))
      found.push([at, at + needle.length]);
  return joined(found);
}

function joined(spans: Span[]): Span[] {
  const result: Span[] = [];
  for (const [from, to] of spans.sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last && from < last[1]) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}

function maskAll(text: string, spans: readonly Span[]): string {
  let result = "";
  let at = 0;
  for (const [from, to] of spans) {
    result += text.slice(at, from) + mask;
    at = to;
  }
  return result + text.slice(at);
}

function streamOver(needles: () => readonly string[]) {
  /** Text that may be the beginning of a value. */
  let held = "";
  /** So many characters at its beginning belong to a part whose mask was given already. */
  let covered = 0;

  function give(text: string, upTo: number): string {
    const spans = joined([...spansIn(text, needles()), ...(covered > 0 ? [[0, covered] satisfies Span] : [])]);
    const cut = spans.map(([from, to]): Span => [from, Math.min(to, upTo)]).filter(([from, to]) => from < to);
    const result = maskAll(text.slice(0, upTo), cut);
    const across = spans.find(([from, to]) => from < upTo && to > upTo);
    const masked = covered > 0 && upTo > 0 ? result.slice(mask.length) : result;
    if (upTo > 0) covered = across ? across[1] - upTo : 0;
    held = text.slice(upTo);
    return masked;
  }

  return {
    push: (text: string) => {
      const all = held + text;
      return give(all, all.length - startedLength(all, needles()));
    },
    end: () => give(held, held.length),
  };
}

/** Length of the longest end of the text that a needle begins with, and goes on behind. */
function startedLength(text: string, needles: readonly string[]): number {
  let longest = 0;
  for (const needle of needles) {
    const begins = (at: number) => text.indexOf(needle.charAt(0), at);
    // The first that fits is the longest; what is no longer than another needle's need not be looked at.
    for (let at = begins(Math.max(0, text.length - needle.length + 1)); at >= 0; at = begins(at + 1)) {
      if (text.length - at <= longest) break;
      if (needle.startsWith(text.slice(at))) longest = text.length - at;
    }
  }
  return longest;
}
