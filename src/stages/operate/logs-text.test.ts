import { expect, test } from "vitest";
import { createScrubbers } from "../../secrets/scrub.ts";
import { secret } from "../../secrets/value.ts";
import { at } from "./logs-fixture.ts";
import { shownLines } from "./logs-text.ts";

const { scrub } = createScrubbers([secret("hunter2-password")]);
const shown = (...texts: string[]): string[] =>
  shownLines(
    texts.map((text, n) => ({ container: "web", time: at(n), stream: "stdout" as const, text })),
    scrub,
  ).map(({ text }) => text);

test("a log speaks to no terminal, and each of its lines stays one", () => {
  expect(shown("\u001b[31mred\u001b[0m", "50 %\r100 %\r", "a\tb", "\u001b]0;title\u0007x", "⁦hidden⁩")).toEqual([
    "red",
    "50 %\\r100 %",
    "a\tb",
    "x",
    "\\u{2066}hidden\\u{2069}",
  ]);
});

test("secrets are masked, also where colours split them", () => {
  expect(shown("nothing", "login hunter2-password ok", "hunter2\u001b[1m-password")).toEqual([
    "nothing",
    "login [secret] ok",
    "[secret]",
  ]);
});
