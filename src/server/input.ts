import { z } from "zod";
import type { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { badArguments } from "../tools/bad-arguments.ts";
import type { Tool } from "../tools/tool.ts";

/** What is wrong with a call's arguments: which one, why, and what is allowed there. */
export function wrongArguments(tool: Tool, { issues }: z.ZodError): BerthError {
  const schema = z.toJSONSchema(tool.input, { io: "input" }) as Schema;
  const found = issues.slice(0, 5).map((issue) => {
    const here = schemaAt(schema, issue.path);
    return issue.code === "unrecognized_keys"
      ? `${issue.keys.slice(0, 5).map(shown).join(", ")}: not an argument${within(issue.path)}; allowed: ${namesOf(here)}`
      : `${shown(issue.path.join("."))}: ${cleanLine(issue.message)}${described(here)}`;
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
