import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { quote, sh } from "./quote.ts";

const readBack = (line: string) => {
  const out = execFileSync("/bin/sh", ["-c", `set -- ${line}; for word; do printf '%s\\0' "$word"; done`]);
  return out.toString("utf8").split("\0").slice(0, -1);
};

test("a shell reads back exactly the words that were quoted", () => {
  const word = fc.string({ unit: "grapheme", maxLength: 30 }).filter((text) => !text.includes("\0"));
  const nasty = fc.constantFrom(
    "",
    "'",
    "\\",
    "$(id)",
    "`id`",
    "a b",
    "\n",
    "*",
    "~",
    "-n",
    "!x",
    "a=b",
    "#",
    ";",
    "''",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, nasty), { minLength: 1, maxLength: 8 }), (words) => {
      expect(readBack(quote(words))).toEqual(words);
    }),
    { numRuns: 100 },
  );
});

test("an assignment in front stays a command word", () => {
  expect(() => execFileSync("/bin/sh", ["-c", quote(["PATH=/nowhere", "true"])], { stdio: "pipe" })).toThrow(
    /not found/,
  );
});

test("NUL is refused", () => {
  expect(() => quote(["echo", "a\0b"])).toThrow(TypeError);
});

test("arguments of a script are data", () => {
  const [program = "", ...args] = sh('printf %s "$2"', "first", "$(id); 'x'");
  expect(execFileSync(program, args).toString()).toBe("$(id); 'x'");
});
