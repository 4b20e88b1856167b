import { z } from "zod";
import type { Tool } from "./tool.ts";

type Schema = Record<string, unknown>;

/** What an answer holds at times, and says by itself what it is for: not in the list that stands in every conversation. */
export const unlisted = { unlisted: true } as const;

/**
 * A tool's schemas as clients are told of them. Which JSON Schema they are written in is MCP's own default, so it is not said
 * twice in each tool; nor is it of an answer which parts are always there, and that it holds no others: all of this stands in
 * every conversation.
 */
export function schemasOf({ input, output }: Tool): { inputSchema: Schema; outputSchema: Schema } {
  const { $schema: _, ...inputSchema } = z.toJSONSchema(input, { io: "input" });
  const { $schema: __, ...outputSchema } = z.toJSONSchema(output, { io: "output" });
  return { inputSchema, outputSchema: inShort(outputSchema) as Schema };
}

function inShort(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(inShort);
  if (typeof schema !== "object" || schema === null) return schema;
  const entries = Object.entries(schema).filter(([key, value]) => !isSaid(key, value));
  return Object.fromEntries(entries.map(([key, value]) => [key, inShort(value)]));
}

const isSaid = (key: string, value: unknown): boolean =>
  (key === "additionalProperties" && value === false) ||
  (key === "required" && Array.isArray(value)) ||
  (value as Schema | null)?.["unlisted"] === true;
