import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { faultIn, type MessagesRequest } from "./messages-rules.ts";

/** A block of the model's: the SDK's own, without what the server adds. */
export type Block =
  | { type: "text"; text: string }
  | { type: "thinking"; thinking: string; signature: string }
  | { type: "tool_use"; id: string; name: string; input: unknown };

/** What the model does with one request. */
export type Turn =
  | {
      content: Block[];
      /** Default: `tool_use` where a tool is called, else `end_turn`. */
      stop?: string;
      usage?: Partial<Usage>;
      /** The answer begins only then. */
      after?: Promise<unknown>;
      /** The connection breaks after this many events of the stream. */
      breaksAfter?: number;
    }
  | { error: { status: number; type: string; message: string; headers?: Record<string, string> } }
  /** Says this, and then nothing any more, until the client goes. */
  | { stalls: string };

interface Usage {
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens: number;
  cache_creation_input_tokens: number;
}

/** In order, the last one again and again; or made from the request (`index` counts from 0). */
export type Turns = readonly Turn[] | ((body: MessagesRequest, index: number) => Turn | Promise<Turn>);

export interface MessagesApi {
  url: string;
  /** The key that it takes. */
  key: string;
  /** What came for `/v1/messages` and was taken, oldest first. */
  requests: MessagesRequest[];
  /** What the real API would have refused, and was: a sound client leaves it empty. */
  refused: { status: number; message: string }[];
  stop(): Promise<void>;
}

let calls = 0;

/** One reply: words, then calls. */
export const reply = (text: string, ...uses: Block[]): Turn => ({
  content: [...(text === "" ? [] : [{ type: "text" as const, text }]), ...uses],
});
export const use = (name: string, input: Record<string, unknown>): Block => ({
  type: "tool_use",
  id: `toolu_${String(++calls).padStart(4, "0")}`,
  name,
  input,
});

/**
 * Anthropic's Messages API with a script in the model's place, on a port of this computer's. It refuses what the real one
 * refuses (`messages-rules.ts`), so that it cannot hide a broken loop; and a script that calls a tool which the client
 * does not offer, since no model can.
 */
export async function startMessagesApi(turns: Turns): Promise<MessagesApi> {
  const key = "sk-ant-scripted";
  const requests: MessagesRequest[] = [];
  const refused: MessagesApi["refused"] = [];

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => fail(response, 500, "api_error", String(error)));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path] = (request.url ?? "").split("?");
    const body = await bodyOf(request);
    if (request.method === "POST" && path === "/v1/messages/count_tokens")
      return json(response, 200, { input_tokens: tokensOf(body) });
    if (request.method !== "POST" || path !== "/v1/messages")
      return fail(response, 404, "not_found_error", "Not found");
    const fault = faultIn(request.headers, body, key);
    if (fault !== undefined) {
      refused.push({ status: fault.status, message: fault.message });
      return fail(response, fault.status, fault.type, fault.message);
    }
    const wanted = body as MessagesRequest;
    const index = requests.push(wanted) - 1;
    const turn = typeof turns === "function" ? await turns(wanted, index) : turns[Math.min(index, turns.length - 1)];
    if (turn === undefined) return fail(response, 500, "api_error", "The script has no turn.");
    if ("error" in turn) {
      const { status, type, message, headers } = turn.error;
      return fail(response, status, type, message, headers);
    }
    if ("stalls" in turn) return stall(response, wanted, turn.stalls);
    await turn.after;
    const unknown = turn.content.find((block) => block.type === "tool_use" && !offers(wanted, block.name));
    if (unknown?.type === "tool_use") {
      refused.push({ status: 500, message: `The script calls ${unknown.name}, which the client does not offer.` });
      return fail(response, 500, "api_error", `The script calls ${unknown.name}, which the client does not offer.`);
    }
    const message = messageOf(wanted, turn, index);
    if (wanted.stream === true) return stream(response, message, turn.breaksAfter);
    json(response, 200, message);
  }

  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    key,
    requests,
    refused,
    stop: () =>
      new Promise((stopped) => {
        server.close(() => stopped());
        server.closeAllConnections();
      }),
  };
}

const offers = ({ tools = [] }: MessagesRequest, name: string) => tools.some((tool) => tool.name === name);

/** About as many as the real one counts: four characters each. */
const tokensOf = (body: unknown) => Math.ceil(JSON.stringify(body).length / 4);

type Spoken = Extract<Turn, { content: Block[] }>;

function messageOf(body: MessagesRequest, { content, stop, usage }: Spoken, index: number) {
  return {
    id: `msg_${index + 1}`,
    type: "message",
    role: "assistant",
    model: body.model,
    content,
    stop_reason: stop ?? (content.some(({ type }) => type === "tool_use") ? "tool_use" : "end_turn"),
    stop_sequence: null,
    usage: {
      input_tokens: tokensOf(body),
      output_tokens: tokensOf(content),
      cache_read_input_tokens: 0,
      cache_creation_input_tokens: 0,
      ...usage,
    },
  };
}

/** As the real one streams it: words and inputs in small pieces that fall anywhere. */
function stream(response: ServerResponse, message: ReturnType<typeof messageOf>, breaksAfter = Infinity): void {
  const events = eventsOf(message);
  startStream(response, message.id);
  for (const event of events.slice(0, breaksAfter)) send(response, event);
  if (breaksAfter < events.length) response.socket?.destroySoon();
  else response.end();
}

function eventsOf(message: ReturnType<typeof messageOf>): Event[] {
  const { content, stop_reason, usage } = message;
  return [
    {
      type: "message_start",
      message: { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
    },
    ...content.flatMap((block, index): Event[] => [
      { type: "content_block_start", index, content_block: emptied(block) },
      ...deltasOf(block).map((delta) => ({ type: "content_block_delta", index, delta })),
      { type: "content_block_stop", index },
    ]),
    {
      type: "message_delta",
      delta: { stop_reason, stop_sequence: null },
      usage: { output_tokens: usage.output_tokens },
    },
    { type: "message_stop" },
  ];
}

type Event = { type: string } & Record<string, unknown>;

const pieces = (text: string) => text.match(/.{1,11}/gsu) ?? [];

function emptied(block: Block) {
  if (block.type === "text") return { ...block, text: "" };
  if (block.type === "thinking") return { ...block, thinking: "", signature: "" };
  return { ...block, input: {} };
}

function deltasOf(block: Block) {
  if (block.type === "text") return pieces(block.text).map((text) => ({ type: "text_delta", text }));
  if (block.type === "thinking")
    return [
      ...pieces(block.thinking).map((thinking) => ({ type: "thinking_delta", thinking })),
      { type: "signature_delta", signature: block.signature },
    ];
  return pieces(JSON.stringify(block.input)).map((partial_json) => ({ type: "input_json_delta", partial_json }));
}

/** Begins to speak and never ends: what an interrupt meets. */
function stall(response: ServerResponse, body: MessagesRequest, text: string): void {
  const message = messageOf(body, { content: [{ type: "text", text }] }, 0);
  startStream(response, message.id);
  for (const event of eventsOf(message).filter(({ type }) => !/stop|message_delta/.test(type))) send(response, event);
}

const startStream = (response: ServerResponse, id: string) =>
  response.writeHead(200, { "content-type": "text/event-stream", "request-id": `req_${id}` });
const send = (response: ServerResponse, event: Event) =>
  response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);

function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

const fail = (
  response: ServerResponse,
  status: number,
  type: string,
  message: string,
  headers: Record<string, string> = {},
) => json(response, status, { type: "error", error: { type, message } }, headers);

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return undefined;
  }
}
