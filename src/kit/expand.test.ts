import fc from "fast-check";
import { expect, test } from "vitest";
import { expand } from "./expand.ts";

const values: Record<string, string> = { A: "one", EMPTY: "", PORT: "80" };
const of = (text: string, dollar: "$$" | "\\$" = "$$") => expand(text, (name) => values[name], dollar);

test.each([
  ["$A and ${A}", "one and one"],
  ["${EMPTY:-x}|${EMPTY-x}|${NONE-x}|${NONE:-}", "x||x|"],
  ["${A:+yes}|${NONE:+yes}|${EMPTY+yes}", "yes||yes"],
  ["${NONE:-${ALSO:-${PORT}}}:$PORT", "80:80"],
  ["$$A costs $5 ${ and ${} and ${A/x}", "$A costs $5 ${ and ${} and ${A/x}"],
])("%s is %s", (text, expected) => {
  expect(of(text)).toEqual({ text: expected, missing: [] });
});

test("a name without a value is told, and nothing stands for it", () => {
  expect(of("x${NONE}y$NONE${MUST:?set it}")).toEqual({ text: "xy", missing: ["NONE", "MUST"] });
});

test("a Dockerfile escapes by a backslash, a compose file by a second dollar", () => {
  expect(of("\\$A $$A", "\\$").text).toBe("$A $one");
  expect(of("\\$A $$A").text).toBe("\\one $A");
});

test("text without a dollar stays, and any text ends", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(of(text.replaceAll("$", "")).text).toBe(text.replaceAll("$", ""));
      of(text);
      expect(of("${A:-".repeat(50) + text).text.length).toBeLessThan(10_000);
    }),
  );
});
