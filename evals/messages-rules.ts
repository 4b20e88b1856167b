import type { IncomingHttpHeaders } from "node:http";
import { z } from "zod";

// What Anthropic's Messages API refuses, as far as a loop over tools can get it wrong.

const text = z.strictObject({
  type: z.literal("text"),
  text: z.string().min(1, "text content blocks must be non-empty"),
  cache_control: z.unknown().optional(),
  citations: z.unknown().optional(),
});
const image = z.looseObject({ type: z.enum(["image", "document", "search_result", "tool_reference"]) });
const toolUse = z.strictObject({
  type: z.literal("tool_use"),
  id: z.string().regex(/^[a-zA-Z0-9_-]+$/),
  name: z.string().min(1),
  input: z.record(z.string(), z.unknown()),
  caller: z.unknown().optional(),
  cache_control: z.unknown().optional(),
});
const toolResult = z.strictObject({
  type: z.literal("tool_result"),
  tool_use_id: z.string(),
  content: z.union([z.string(), z.array(z.union([text, image]))]).optional(),
  is_error: z.boolean().optional(),
  cache_control: z.unknown().optional(),
});
const thinking = z.strictObject({
  type: z.literal("thinking"),
  thinking: z.string(),
  signature: z.string().min(1, "thinking blocks must be passed back as they came"),
});
const redacted = z.strictObject({ type: z.literal("redacted_thinking"), data: z.string() });

const blocks = z.array(z.union([text, image, toolUse, toolResult, thinking, redacted])).min(1, "content is empty");
const message = z.strictObject({
  role: z.enum(["user", "assistant", "system"]),
  content: z.union([z.string().min(1, "content is empty"), blocks]),
  // Claude Code says with a system message how hard to think from there on.
  output_config: z.unknown().optional(),
});

const tool = z.looseObject({
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/),
  description: z.string().optional(),
  input_schema: z
    .looseObject({ type: z.literal("object") })
    .refine((schema) => !("oneOf" in schema || "anyOf" in schema || "allOf" in schema), {
      message: "input_schema does not support oneOf, allOf, or anyOf at the top level",
    })
    .optional(),
});

const known = z.looseObject({
  model: z.string().min(1),
  max_tokens: z.int().min(1),
  messages: z.array(message).min(1, "at least one message is required"),
  tools: z.array(tool).optional(),
  stream: z.boolean().optional(),
  system: z.union([z.string().min(1), z.array(text).min(1)]).optional(),
});

/** A request that the real API would take. */
export type MessagesRequest = z.infer<typeof known>;

const otherKeys = [
  ...["billing_policy", "cache_control", "compaction", "container", "context_management", "diagnostics", "fallbacks"],
  ...["fallback_credit_token", "inference_geo", "mcp_servers", "metadata", "output_config", "output_format", "thread"],
  ...["service_tier", "speed", "stop_sequences", "temperature", "thinking", "tool_choice", "top_k", "top_p"],
];

interface Fault {
  status: number;
  type: string;
  message: string;
}

/** Why the real API would refuse a request; undefined where it would not. */
export function faultIn(headers: IncomingHttpHeaders, body: unknown, key: string): Fault | undefined {
  if (headers["x-api-key"] !== key && headers.authorization !== `Bearer ${key}`)
    return { status: 401, type: "authentication_error", message: "invalid x-api-key" };
  if (headers["anthropic-version"] === undefined) return invalid("anthropic-version: header is required");
  const parsed = known.safeParse(body);
  if (!parsed.success) return invalid(z.prettifyError(parsed.error));
  const request = parsed.data;
  const stray = Object.keys(request).find((name) => !(name in known.shape) && !otherKeys.includes(name));
  if (stray !== undefined) return invalid(`${stray}: Extra inputs are not permitted`);
  const names = (request.tools ?? []).map(({ name }) => name);
  if (new Set(names).size < names.length) return invalid("tools: Tool names must be unique.");
  if (JSON.stringify(body).split('"cache_control":{').length - 1 > 4)
    return invalid("A maximum of 4 blocks with cache_control may be provided.");
  return faultInTalk(request.messages);
}

type Message = z.infer<typeof message>;
type ContentBlock = z.infer<typeof blocks>[number];

function faultInTalk(messages: readonly Message[]): Fault | undefined {
  if (messages[0]?.role !== "user") return invalid("messages: first message must use the user role");
  if (messages.at(-1)?.role === "assistant")
    return invalid(
      "This model does not support assistant message prefill. The conversation must end with a user message.",
    );
  const used = new Set<string>();
  for (const [index, { role, content }] of messages.entries()) {
    const parts = typeof content === "string" ? [] : content;
    const fault = role === "assistant" ? faultInReply(parts) : faultInResults(parts, waitingAt(messages, index - 1));
    if (fault !== undefined) return invalid(`messages.${index}: ${fault}`);
    for (const id of idsIn(parts)) {
      if (used.has(id)) return invalid(`messages.${index}: tool_use ids must be unique`);
      used.add(id);
    }
  }
  return undefined;
}

const idsIn = (parts: readonly ContentBlock[]) => parts.flatMap((part) => (part.type === "tool_use" ? [part.id] : []));

/** The calls of the reply before that still have no result. */
function waitingAt(messages: readonly Message[], index: number): string[] {
  const before = messages[index];
  return before?.role === "assistant" && typeof before.content !== "string" ? idsIn(before.content) : [];
}

const faultInReply = (parts: readonly ContentBlock[]) =>
  parts.some(({ type }) => type === "tool_result") ? "tool_result blocks can only be in user messages" : undefined;

function faultInResults(parts: readonly ContentBlock[], waiting: readonly string[]): string | undefined {
  if (parts.some(({ type }) => type === "tool_use" || type === "thinking"))
    return "tool_use and thinking blocks can only be in assistant messages";
  const results = parts.flatMap((part) => (part.type === "tool_result" ? [part] : []));
  const answered = results.map(({ tool_use_id }) => tool_use_id);
  const stray = answered.find((id) => !waiting.includes(id));
  if (stray !== undefined) return `unexpected tool_use_id found in tool_result blocks: ${stray}`;
  if (new Set(answered).size < answered.length) return "each tool_use must have a single result";
  const missing = waiting.filter((id) => !answered.includes(id));
  if (missing.length > 0)
    return `tool_use ids were found without tool_result blocks immediately after: ${missing.join(", ")}`;
  if (parts.slice(0, results.length).some(({ type }) => type !== "tool_result"))
    return "tool_result blocks must come first in the content";
  if (results.some(({ is_error, content }) => is_error === true && (content === undefined || content.length === 0)))
    return "content cannot be empty if is_error is true";
  return undefined;
}

const invalid = (message: string): Fault => ({ status: 400, type: "invalid_request_error", message });
