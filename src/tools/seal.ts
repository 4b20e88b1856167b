import { randomUUID } from "node:crypto";
import { clean } from "../kit/text.ts";

export type Scrub = (text: string) => string;

/**
 * A text without control and invisible characters, without secrets, and about so long. Scrubbed before it is cleaned, since
 * a value may hold what cleaning takes away, and after, since what was invisible may have split one; cut last.
 */
export function safeText(text: string, most: number, scrub: Scrub): string {
  const scrubbed = scrub(text);
  const cleaned = withoutHidden(clean(scrubbed, Number.POSITIVE_INFINITY));
  return cut(cleaned === scrubbed ? scrubbed : scrub(cleaned), most);
}

/** Letters that are drawn as nothing: instructions can be written in them that only a model reads. */
const withoutHidden = (text: string) => text.replace(/\p{Default_Ignorable_Code_Point}/gu, "");

/** Wraps texts from outside: nothing in them can end the wrapper, since none of them knows or holds its boundary. */
export type Seal = (text: string, origin: string) => string;

/** The seal of one result, made of all texts that it will hold. */
export function sealAround(texts: readonly string[]): Seal {
  const name = `untrusted-${boundaryNotIn(texts)}`;
  return (text, origin) => `<${name} from="${plainOrigin(origin)}">\n${withoutImitation(text)}\n</${name}>`;
}

function boundaryNotIn(texts: readonly string[]): string {
  for (;;) {
    // 64 of its random bits. Node keeps a store of UUIDs; randomBytes asks the system each time.
    const random = randomUUID();
    const boundary = random.slice(0, 8) + random.slice(-8);
    if (!texts.some((text) => text.includes(boundary))) return boundary;
  }
}

/** A reader who does not compare boundaries letter by letter is not to take another tag for ours. */
const withoutImitation = (text: string) => text.replace(/<(?=\s{0,9}\/?\s{0,9}untrusted)/gi, "‹");

const plainOrigin = (origin: string) => origin.replace(/[^A-Za-z0-9 .,:_/-]/g, "_").slice(0, 80);

/** Three quarters of what fits from its beginning, the rest from its end, and how much is missing between. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const tail = Math.floor(most / 4);
  const left = text.length - most;
  const whole = `${text.slice(0, most - tail)}\n… ${left} characters left out …\n${text.slice(text.length - tail)}`;
  // A cut may have fallen between the halves of one character.
  return whole.replace(/\p{Surrogate}/gu, "");
}
