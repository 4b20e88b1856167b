import fc from "fast-check";
import { expect, test } from "vitest";
import { clean, cleanLine } from "./text.ts";

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
