import { z } from "zod";
import type { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { badArguments } from "../tools/bad-arguments.ts";
import type { Tool } from "../tools/tool.ts";

/** What is wrong with a call's arguments, a sentence each: which one, what was given, and what is wanted there. */
export function wrongArguments(tool: Tool, given: unknown, { issues }: z.ZodError): BerthError {
  const schema = z.toJSONSchema(tool.input, { io: "input" }) as Schema;
  const found = issues.slice(0, 5).map((issue) => {
    const here = schemaAt(schema, issue.path);
    return issue.code === "unrecognized_keys"
      ? `${issue.keys.slice(0, 5).map(shown).join(", ")}: not an argument${within(issue.path)}; allowed: ${namesOf(here)}`
      : `${shown(issue.path.join("."))}: ${givenAt(given, issue.path)}; wanted: ${wanted(issue)}${described(here)}`;
  });
  const next = `Call ${tool.name} again with: ${namesOf(schema)}.`;
  const reminder = tool.effect === "read" ? [] : ["No argument approves anything: Berth asks the person itself."];
  return badArguments(tool.name, [...found, ...reminder].join("\n"), next);
}

interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
}

function givenAt(given: unknown, path: readonly PropertyKey[]): string {
  const value = path.reduce<unknown>((at, key) => Object(at)[key], given);
  if (value === undefined) return "nothing was given";
  if (Array.isArray(value)) return "a list was given";
  if (typeof value === "object" && value !== null) return "an object was given";
  // Nobody says here what a variable holds.
  if (typeof value === "string" && path.includes("env")) return `a text of ${value.length} characters was given`;
  return `${cleanLine(JSON.stringify(value), 60)} was given`;
}

function wanted(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return kinds[issue.expected] ?? issue.expected;
    case "invalid_value":
      return issue.values.map((value) => JSON.stringify(value)).join(" or ");
    case "too_small":
      return `at least ${issue.minimum}${unitOf(issue.origin)}`;
    case "too_big":
      return `at most ${issue.maximum}${unitOf(issue.origin)}`;
    default:
      return cleanLine(issue.message);
  }
}

const kinds: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object of names and values",
};
const unitOf = (origin: string) => (origin === "string" ? " characters" : origin === "array" ? " of them" : "");

const schemaAt = (schema: Schema | undefined, path: readonly PropertyKey[]): Schema | undefined =>
  path.reduce<Schema | undefined>(
    (at, key) => (typeof key === "number" ? at?.items : at?.properties?.[String(key)]),
    schema,
  );

const namesOf = (schema: Schema | undefined) => Object.keys(schema?.properties ?? {}).join(", ") || "none";
const described = (schema: Schema | undefined) =>
  schema?.description === undefined ? "" : ` (${cleanLine(schema.description)})`;
const within = (path: readonly PropertyKey[]) => (path.length === 0 ? "" : ` of ${shown(path.join("."))}`);
const shown = (name: string) => (name === "" ? "the arguments" : cleanLine(name, 60));
