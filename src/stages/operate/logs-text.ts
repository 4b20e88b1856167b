import { stripVTControlCharacters } from "node:util";
import { visible } from "../../kit/text.ts";
import type { NamedLine } from "./logs-merge.ts";

const plain = /^[\t\x20-\x7e]*$/;

/** Lines as they may be shown: without what speaks to a terminal or hides, each one line, secrets masked. */
export function shownLines(lines: readonly NamedLine[], scrub: (text: string) => string): NamedLine[] {
  const texts = masked(
    lines.map(({ text }) => text),
    scrub,
  );
  const stripped = texts.map((text) => (plain.test(text) ? text : stripVTControlCharacters(text)));
  // A value may hold what was stripped, and what was stripped may have split one.
  const again = stripped.every((text, n) => text === texts[n]) ? stripped : masked(stripped, scrub);
  return lines.map((line, n) => ({ ...line, text: shown(again[n] ?? "") }));
}

/** Most lines hold no secret, and all of them together are searched much faster than each by itself. */
function masked(texts: string[], scrub: (text: string) => string): string[] {
  const all = texts.join("\n");
  return scrub(all) === all ? texts : texts.map(scrub);
}

const shown = (text: string): string =>
  plain.test(text) ? text : text.replace(/\r$/, "").split("\t").map(visible).join("\t");
