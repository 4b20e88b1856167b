import type { Transport } from "@modelcontextprotocol/server";
import { z } from "zod";

const Message = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
  params: z.record(z.string(), z.unknown()).optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.looseObject({ code: z.number(), message: z.string() }).optional(),
});
export type Message = z.infer<typeof Message>;

type Wire = Pick<Transport, "start" | "send" | "onmessage">;

/**
 * A client without an SDK, so that it can do what no SDK does: answer late, forge, repeat, leave out. `messages` is all
 * that the server ever said.
 */
export async function rawClient(wire: Wire, capabilities: object, era: "legacy" | "modern") {
  const messages: Message[] = [];
  const waiting = new Map<unknown, (message: Message) => void>();
  const asked: { hear: (request: Message) => void } = { hear: () => {} };
  wire.onmessage = (raw) => {
    const message = Message.parse(raw);
    messages.push(message);
    if (message.method === undefined) waiting.get(message.id)?.(message);
    else if (message.id !== undefined) asked.hear(message);
  };
  await wire.start();
  let last = 0;

  const send = (message: object) => wire.send({ jsonrpc: "2.0", ...message } as Parameters<typeof wire.send>[0]);
  const request = (method: string, params: object = {}): Promise<Message> => {
    const id = ++last;
    const answer = new Promise<Message>((resolve) => waiting.set(id, resolve));
    const { _meta, ...rest } = params as { _meta?: object };
    const meta = era === "modern" ? { ...envelope(capabilities), ..._meta } : _meta;
    return send({ id, method, params: { ...rest, ...(meta && { _meta: meta }) } }).then(() => answer);
  };
  const call = (name: string, args: object, more: object = {}) =>
    request("tools/call", { name, arguments: args, ...more });

  if (era === "legacy") {
    const clientInfo = { name: "raw", version: "1" };
    await request("initialize", { protocolVersion: "2025-11-25", capabilities, clientInfo });
    await send({ method: "notifications/initialized" });
  } else await request("server/discover");
  return {
    messages,
    request,
    call,
    send,
    last: () => last,
    onRequest: (hear: (request: Message) => void) => (asked.hear = hear),
  };
}

const envelope = (capabilities: object) => ({
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": capabilities,
});

/** What a call answered, as the model sees it. */
export const structured = ({ result, error }: Message): unknown => {
  if (error) throw new Error(`${error.code}: ${error.message}`);
  return result?.["structuredContent"];
};
