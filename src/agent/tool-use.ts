import type Anthropic from "@anthropic-ai/sdk";
import type { CallToolResult, Tool } from "@modelcontextprotocol/client";
import { cleanLine } from "../kit/text.ts";

/** An MCP tool as the model is told of it. */
export const offered = ({ name, description, inputSchema }: Tool): Anthropic.Tool => ({
  name,
  ...(description !== undefined && { description }),
  input_schema: inputSchema as Anthropic.Tool.InputSchema,
});

/** What a call gave, as the model reads it. */
export interface Outcome {
  text: string;
  isError: boolean;
}

/**
 * The structured content says all that the text does and is the shorter, so the model gets that; links to resources it
 * gets as text, since the model's API knows none.
 */
export function outcomeOf({ content, structuredContent, isError = false }: CallToolResult): Outcome {
  const texts = content.flatMap((block) => {
    if (block.type === "text") return structuredContent === undefined ? [block.text] : [];
    if (block.type === "resource_link") return [`Resource: ${block.uri} (${block.title ?? block.name})`];
    if (block.type === "resource") return "text" in block.resource ? [block.resource.text] : [block.resource.uri];
    return [`(${block.type}, which cannot be shown)`];
  });
  const all = structuredContent === undefined ? texts : [JSON.stringify(structuredContent), ...texts];
  return { text: all.join("\n\n") || "(nothing)", isError };
}

export const resultBlock = (id: string, { text, isError }: Outcome): Anthropic.ToolResultBlockParam => ({
  type: "tool_result",
  tool_use_id: id,
  content: text,
  ...(isError && { is_error: true }),
});

/** A call in one line: its tool and the first text that it is given. */
export function callLine(name: string, input: unknown): string {
  const main = Object.values(input ?? {}).find((value) => typeof value === "string");
  if (main === undefined) return name;
  return `${name}  ${/^[0-9a-f]{64}$/.test(main) ? main.slice(0, 12) : cleanLine(main, 80)}`;
}
