import fc from "fast-check";
import { expect, test } from "vitest";
import { clean, cleanLine, visible, visibleLines } from "./text.ts";

test("terminal escapes, control characters and bidirectional overrides go, newlines and tabs stay", () => {
  expect(clean("\u001b[31mred\u001b[0m\tand\r\nplain\u0007\u0000")).toBe("red\tand\nplain");
  expect(clean("\u001b]8;;https://evil.test\u0007link\u001b]8;;\u0007")).toBe("link");
  expect(clean("user\u202Etxt.exe\u2066\u200b\u{E0041}")).toBe("usertxt.exe");
  expect(clean("10 %\r20 %\u2028done")).toBe("10 %\n20 %\ndone");
});

test("a long text keeps its head and its tail", () => {
  expect(clean(`start ${"x".repeat(500)} end`, 23)).toBe("start xxxx … xxxxxx end");
});

test("a text is never longer than asked, holds no control character, and stays as it is when cleaned again", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.integer({ min: 0, max: 60 }), (text, max) => {
      const cleaned = clean(text, max);
      expect(cleaned.length).toBeLessThanOrEqual(max);
      expect(cleaned.isWellFormed()).toBe(true);
      expect(/[^\n\t\P{Cc}]/u.test(cleaned)).toBe(false);
      expect(clean(cleaned, max)).toBe(cleaned);
    }),
  );
});

test("one line stays one line", () => {
  expect(cleanLine("a\nb\r\n  c ")).toBe("a b c");
});

test("what a person approves is shown whole, on one line, and cannot speak to the terminal", () => {
  expect(visible("a\nService b\u001b[2K\u009b1A\u202e\u2028\u3164")).toBe(
    "a\\nService b\\u{1b}[2K\\u{9b}1A\\u{202e}\\u{2028}\\u{3164}",
  );
  expect(visible("grün  · Größe → 日本")).toBe("grün  · Größe → 日本");
  expect(visibleLines("one\r\n\ttwo\u001b[1A")).toBe("one\n\ttwo\\u{1b}[1A");
});
