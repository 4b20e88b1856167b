import { z } from "zod";
import type { Tool } from "./tool.ts";

type Schema = Record<string, unknown>;

/**
 * A tool's schemas as clients are told of them. Which JSON Schema they are written in is MCP's own default, so it is not said
 * twice in each tool: all of this stands in every conversation.
 */
export function schemasOf({ input, output }: Tool): { inputSchema: Schema; outputSchema: Schema } {
  const { $schema: _, ...inputSchema } = z.toJSONSchema(input, { io: "input" });
  const { $schema: __, ...outputSchema } = z.toJSONSchema(output, { io: "output" });
  return { inputSchema, outputSchema };
}
