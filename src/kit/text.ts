import { stripVTControlCharacters } from "node:util";

// Category Cf holds the bidirectional overrides, zero-width characters and tags that hide or reorder what a reader sees.
const invisible = /[\p{Cc}\p{Cf}]/gu;
const lineEnds = /\r\n?|[\u0085\u2028\u2029]/g;

/**
 * Text from outside, made safe to show: without terminal escapes, control and invisible characters (newline and tab
 * stay) and unpaired surrogates, and at most `maxChars` UTF-16 units long. Of a longer text the head and the tail stay,
 * since errors tend to name their subject first and their cause last.
 */
export function clean(text: string, maxChars = 2000): string {
  const visible = stripVTControlCharacters(text)
    .replace(lineEnds, "\n")
    .replace(invisible, (char) => (char === "\n" || char === "\t" ? char : ""));
  return shorten(visible.toWellFormed(), maxChars);
}

/** `clean` on one line: for names and messages that stand inside a sentence. */
export const cleanLine = (text: string, maxChars = 300): string =>
  shorten(clean(text, text.length).replace(/\s+/g, " ").trim(), maxChars);

/**
 * A text from outside as one line in which nothing hides: whatever would end the line, reorder or hide what a reader sees,
 * or speak to the terminal stands there as an escape (`\\n`, `\\u{1b}`). Nothing is left out, since a person approves what
 * this shows.
 */
export const visible = (text: string): string =>
  text.toWellFormed().replace(hidden, (char) => named[char] ?? `\\u{${char.codePointAt(0)?.toString(16)}}`);

// Beside `invisible`: the line ends of Unicode, and letters that are drawn as nothing.
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const named: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** `visible` for a text that is meant to have lines, such as a log: its ends of lines and tabs stay. */
export const visibleLines = (text: string): string =>
  text
    .split(/\r\n?|\n/)
    .map((line) => line.split("\t").map(visible).join("\t"))
    .join("\n");

function shorten(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const mark = " … ";
  const room = Math.max(0, maxChars - mark.length);
  const head = Math.ceil(room / 2);
  const cut = text.slice(0, head) + mark + text.slice(text.length - (room - head));
  // A cut may have fallen between the halves of one character.
  return cut.replace(/\p{Surrogate}/gu, "").slice(0, maxChars);
}
