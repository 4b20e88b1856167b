import { type Tool as ListedTool, ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { z } from "zod";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { annotationsOf } from "../tools/annotations.ts";
import { failureResult } from "../tools/result.ts";
import type { Tool } from "../tools/tool.ts";
import { type Around, callTool, sent } from "./call.ts";
import type { Serving } from "./serving.ts";

/** The registry's tools and nothing else; a read-only server has those that read. */
export function serveTools(serving: Serving, around: Around): void {
  const { readOnly, surface } = serving;
  const served = serving.tools.filter(({ effect }) => effect === "read" || !readOnly);
  around.server.setRequestHandler("tools/list", () => ({ tools: served.map(listedOf) }));

  around.server.setRequestHandler("tools/call", (request, ctx) => {
    const { name, arguments: given = {} } = request.params;
    const tool = served.find((one) => one.name === name);
    if (tool) return callTool(serving, around, tool, given, ctx);
    if (serving.tools.some((one) => one.name === name))
      return sent(failureResult(readOnlyServer(name), (text) => surface.scrub(text)));
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool ${cleanLine(name, 80)}.`);
  });
}

const listed = new WeakMap<Tool, ListedTool>();

function listedOf(tool: Tool): ListedTool {
  const before = listed.get(tool);
  if (before) return before;
  const made: ListedTool = {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: z.toJSONSchema(tool.input, { io: "input" }) as ListedTool["inputSchema"],
    outputSchema: z.toJSONSchema(tool.output, { io: "output" }) as NonNullable<ListedTool["outputSchema"]>,
    annotations: annotationsOf(tool),
  };
  listed.set(tool, made);
  return made;
}

const readOnlyServer = (tool: string) =>
  new BerthError({
    code: "read_only",
    message: "This server only reads, so nothing was done.",
    object: tool,
    cause: "The person started it with --read-only.",
    next: "Tell the person: without --read-only in the client's configuration this tool is there.",
  });
