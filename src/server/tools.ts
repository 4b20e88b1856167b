import { type Tool as ListedTool, ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { annotationsOf } from "../tools/annotations.ts";
import { failureResult } from "../tools/result.ts";
import { schemasOf } from "../tools/schemas.ts";
import type { Tool } from "../tools/tool.ts";
import { type Around, callTool, sent } from "./call.ts";
import type { Serving } from "./serving.ts";

/** The registry's tools and nothing else; a read-only server has those that read, and previews of what the others do. */
export function serveTools(serving: Serving, around: Around): void {
  const { readOnly, surface } = serving;
  const served = serving.tools.filter(({ effect, previews }) => !readOnly || effect === "read" || previews);
  around.server.setRequestHandler("tools/list", () => ({ tools: served.map((tool) => listedOf(tool, readOnly)) }));

  around.server.setRequestHandler("tools/call", (request, ctx) => {
    const { name, arguments: given = {} } = request.params;
    const tool = serving.tools.find((one) => one.name === name);
    if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool ${cleanLine(name, 80)}.`);
    const looks = tool.effect === "read" || (tool.previews && given["preview"] === true);
    if (readOnly && !looks) return sent(failureResult(readOnlyServer(tool), (text) => surface.scrub(text)));
    return callTool(serving, around, tool, given, ctx);
  });
}

const listed = new WeakMap<Tool, ListedTool>();

function listedOf(tool: Tool, readOnly: boolean): ListedTool {
  if (readOnly && tool.effect !== "read") {
    const description = `This server only reads: it takes this with \`preview: true\` alone, and changes nothing. ${tool.description}`;
    return { ...listedOf(tool, false), description, annotations: annotationsOf({ ...tool, effect: "read" }) };
  }
  const before = listed.get(tool);
  if (before) return before;
  const { inputSchema, outputSchema } = schemasOf(tool);
  const made: ListedTool = {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: inputSchema as ListedTool["inputSchema"],
    outputSchema: outputSchema as NonNullable<ListedTool["outputSchema"]>,
    annotations: annotationsOf(tool),
  };
  listed.set(tool, made);
  return made;
}

const readOnlyServer = ({ name, previews }: Tool) =>
  new BerthError({
    code: "read_only",
    message: "This server only reads, so nothing was done.",
    object: name,
    cause: "The person started it with --read-only.",
    next: `${previews ? `Call ${name} with "preview": true: that only looks. ` : ""}Else tell the person: without --read-only in the client's configuration this is done.`,
  });
