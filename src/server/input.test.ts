import { expect, test } from "vitest";
import { z } from "zod";
import { defineTool } from "../tools/tool.ts";
import { wrongArguments } from "./input.ts";

const input = z.strictObject({
  stack: z.string().max(5).describe("its name"),
  count: z.int().min(1).max(9).optional(),
  sure: z.boolean().optional(),
  detail: z.enum(["short", "full"]).optional(),
  plan: z
    .string()
    .refine((text) => text.startsWith("a"), "8 digits")
    .optional(),
  wishes: z.strictObject({ env: z.record(z.string(), z.string().max(3)) }).optional(),
  parts: z.array(z.string()).max(1).optional(),
});
const tool = defineTool({
  ...{ name: "does", title: "", description: "", effect: "read", openWorld: false },
  ...{ input, output: z.object({}), run: async () => ({}) },
});

function saidOf(given: unknown): string {
  const { error } = input.safeParse(given);
  return error ? wrongArguments(tool, given, error).cause : "";
}

test.each([
  [{}, "stack: nothing was given; wanted: a text (its name)"],
  [{ stack: null }, "stack: null was given; wanted: a text (its name)"],
  [{ stack: "far too long" }, 'stack: "far too long" was given; wanted: at most 5 characters (its name)'],
  [{ stack: "a", count: 0.5 }, "count: 0.5 was given; wanted: a whole number"],
  [{ stack: "a", count: 0 }, "count: 0 was given; wanted: at least 1"],
  [{ stack: "a", sure: "yes" }, 'sure: "yes" was given; wanted: true or false'],
  [{ stack: "a", detail: "long" }, 'detail: "long" was given; wanted: "short" or "full"'],
  [{ stack: "a", plan: "b\u001b[2J" }, 'plan: "b\\u001b[2J" was given; wanted: 8 digits'],
  [{ stack: "a", parts: {} }, "parts: an object was given; wanted: a list"],
  [{ stack: "a", parts: ["a", "b"] }, "parts: a list was given; wanted: at most 1 of them"],
  [{ stack: "a", wishes: 3 }, "wishes: 3 was given; wanted: an object"],
  [{ stack: "a", wishes: { other: 1, env: {} } }, "other: not an argument of wishes; allowed: env"],
  [
    { stack: "a", wishes: { env: { KEY: "hunter2" } } },
    "wishes.env.KEY: a text of 7 characters was given; wanted: at most 3 characters",
  ],
  ["all", 'the arguments: "all" was given; wanted: an object'],
])("%j is told apart: %s", (given, said) => expect(saidOf(given)).toBe(said));
