import fc from "fast-check";
import { expect, test } from "vitest";
import { parseEnv, renderEnv } from "./env-file.ts";

const one = (value: string) => renderEnv(new Map([["A", value]]));

test.each([
  ["plain", "A='plain'\n"],
  ["", "A=''\n"],
  ["two words # no comment", "A='two words # no comment'\n"],
  ['{"json":"$HOME"}', `A='{"json":"$HOME"}'\n`],
  ["first\nsecond", "A='first\nsecond'\n"],
  ["it's", `A="it's"\n`],
  ["C:\\new$x", 'A="C:\\\\new\\$x"\n'],
  ["dos\r\n", 'A="dos\\r\n"\n'],
])("%j is written so that compose reads it back", (value, written) => {
  expect(one(value)).toBe(written);
});

test("any names and values come back as they were, in their order", () => {
  const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,20}$/);
  const awkward = fc.string({
    unit: fc.constantFrom("'", '"', "\\", "$", "\n", "\r", " ", "#", "=", "{", "}", "a", "é", "😀"),
  });
  const value = fc.oneof(fc.string({ unit: "binary" }), awkward).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), (entries) => {
      const values = new Map(entries);
      expect([...parseEnv(renderEnv(values))]).toEqual([...values]);
    }),
  );
});

test("what an environment cannot hold is refused by its name, never by its value", () => {
  for (const [name, value] of [
    ["A", "secret\0"],
    ["A", "secret\ud800"],
    ["1A", "secret"],
    ["A B", "secret"],
  ] as const) {
    const write = () => renderEnv(new Map([[name, value]]));
    expect(write).toThrow(expect.objectContaining({ code: "env_impossible", object: name }));
    expect(write).not.toThrow(/secret/);
  }
});

test("a file that is not ours is refused, not guessed at", () => {
  for (const text of ["A=plain\n", "A='x'", "A='x' # no\n", "export A='x'\n", 'A="\\n"\n'])
    expect(() => parseEnv(text)).toThrow(SyntaxError);
});
