import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isScrubbable } from "./forms.ts";
import { createScrubbers } from "./scrub.ts";
import { secret } from "./value.ts";

const scrub = (text: string, ...values: string[]) => createScrubbers(values.map(secret)).scrub(text);

/** Values as people have them: any characters but those of the mask itself. */
const Value = fc
  .oneof(fc.string({ minLength: 6, maxLength: 40 }), fc.string({ minLength: 6, maxLength: 40, unit: "grapheme" }))
  .filter((value) => !/[[\]]/.test(value) && value.isWellFormed());
const Around = fc.string({ maxLength: 30 });

const encoders: [string, (value: string) => string][] = [
  ["as it is", (value) => value],
  ["URL-encoded", encodeURIComponent],
  ["as a form", (value) => new URLSearchParams([["k", value]]).toString().slice(2)],
  ["as JSON", (value) => JSON.stringify(value).slice(1, -1)],
  ["as JSON in JSON", (value) => JSON.stringify(JSON.stringify(value).slice(1, -1)).slice(1, -1)],
  ["in single quotes", (value) => `'${value.replaceAll("'", `'\\''`)}'`],
];

test.each(encoders)("a value is masked %s, wherever it stands", (_, encode) => {
  fc.assert(
    fc.property(Value, Around, Around, (value, before, after) => {
      const text = scrub(before + encode(value) + after, value);
      expect(text).toContain("[secret]");
      expect(text).not.toContain(encode(value));
    }),
  );
});

test.each(["base64", "base64url"] as const)(
  "a value is masked in %s of a text that holds it, at every alignment",
  (code) => {
    fc.assert(
      fc.property(Value, Around, Around, (value, before, after) => {
        const text = scrub(Buffer.from(before + value + after).toString(code), value);
        // What is left of it decodes to at most the edges that it shares with its neighbours.
        expect(text).toContain("[secret]");
        const left = text.split("[secret]").map((piece) => Buffer.from(piece, code).toString());
        expect(left.join("").includes(value) && !(before + after).includes(value)).toBe(false);
      }),
    );
  },
);

test("what a shell prints of a value is masked", () => {
  const value = `it's $HOME "x" \\ \`y\`; & ü`;
  const printed = execFileSync(
    "bash",
    ["--norc", "-c", 'exec 2>&1; printf "%q\\n" "$1"; set -x; : "$1"', "bash", value],
    {
      encoding: "utf8",
      env: { LC_ALL: "C.UTF-8" },
    },
  );
  expect(scrub(printed, value)).toBe("[secret]\n+ : '[secret]'\n");
});

test("each line of a private key is masked, also when it is indented", () => {
  const lines = ["-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANBgkqhkiG9w0BAQEF", "AASCBKcwggSjAgEAAoIBAQC7VJTU"];
  const text = scrub(lines.map((line) => `    ${line}`).join("\n"), lines.join("\n"));
  expect(text).toBe("    [secret]\n    [secret]\n    [secret]");
});

test("text that holds no secret stays as it is", () => {
  fc.assert(
    fc.property(Around, (text) => {
      expect(scrub(text, "a value that is not in there")).toBe(text);
    }),
  );
});

test("a value too short to be told from other text is left, and said to be", () => {
  expect(isScrubbable("12345")).toBe(false);
  expect(scrub("port 12345", "12345")).toBe("port 12345");
  expect(isScrubbable("123456")).toBe(true);
});

test("values that overlap leave nothing of either", () => {
  expect(scrub("<abcdefghij>", "abcdefg", "defghij")).toBe("<[secret]>");
  expect(scrub("<abcdefghij>", "abcdefghij", "cdefgh")).toBe("<[secret]>");
});

test("in pieces of any size a text comes out as in one", () => {
  const word = fc.constantFrom("aabaab", "abaaba", "aaaaaa", "a", "b", "ab", "c", "aab%20b");
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), fc.array(fc.nat(7), { maxLength: 40 }), (words, sizes) => {
      const text = words.join("");
      const scrubbers = createScrubbers(["aabaab", "abaaba", "aaaaaa", "aab b"].map(secret));
      const stream = scrubbers.stream();
      let out = "";
      let at = 0;
      for (const size of sizes) {
        out += stream.push(text.slice(at, at + size));
        at += size;
      }
      out += stream.push(text.slice(at)) + stream.end();
      expect(out).toBe(scrubbers.scrub(text));
    }),
    { numRuns: 2000 },
  );
});

test("a line that cannot be the beginning of a value is not held back", () => {
  const stream = createScrubbers([secret("hunter22")]).stream();
  expect(stream.push("compiling\n")).toBe("compiling\n");
  expect(stream.push("the hunt")).toBe("the ");
  expect(stream.push("er22 is out")).toBe("[secret] is out");
});

test("a value that is added later is masked in streams that are open", () => {
  const scrubbers = createScrubbers();
  const stream = scrubbers.stream();
  stream.push("begin ");
  scrubbers.add(secret("hunter22"));
  expect(stream.push("hunter22 end")).toBe("[secret] end");
});
