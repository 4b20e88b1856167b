import Anthropic from "@anthropic-ai/sdk";
import { apiFailure, brokeOff } from "./failure.ts";
import type { Model } from "./models.ts";
import type { AgentOptions } from "./types.ts";

export type Reply = Anthropic.Message;

export interface Asked {
  model: string;
  facts: Model;
  system: string;
  tools: Anthropic.Tool[];
  messages: Anthropic.MessageParam[];
}

/** What of a reply is shown while it comes. */
export interface Shown {
  say(text: string): void;
  /** What the model thinks aloud between its calls: a line. */
  note(line: string): void;
}

/** Room for one reply, thinking included. */
const replyTokens = 16_000;
/** A reply that broke off is asked for again so often. */
const attempts = 3;

/** The model, by its API: one request, one reply. Throws BerthError, or the abort's own error. */
export function modelApi({ api }: Pick<AgentOptions, "api">) {
  const baseURL = api.baseURL ?? "https://api.anthropic.com";
  // What is left out here the client would read from the environment, which is the command line's business.
  const client = new Anthropic({ apiKey: api.key, authToken: null, baseURL, logLevel: "off" });
  const { host } = new URL(baseURL);

  async function ask(asked: Asked, shown: Shown, signal: AbortSignal): Promise<Reply> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await streamed(client, asked, shown, signal);
      } catch (error) {
        if (signal.aborted || attempt === attempts || !brokeOff(error)) throw apiFailure(error, asked.model, host);
        shown.note("The answer broke off; asking again.");
      }
    }
  }

  return { ask };
}

async function streamed(
  client: Anthropic,
  { model, facts, system, tools, messages }: Asked,
  shown: Shown,
  signal: AbortSignal,
): Promise<Reply> {
  const stream = client.messages.stream(
    {
      model,
      max_tokens: replyTokens,
      system,
      tools,
      messages,
      // What one request writes to the cache, tools and all, the next one reads.
      cache_control: { type: "ephemeral" },
      // Newer models put what they say between calls into their thinking, which is empty unless it is asked for.
      ...(facts.adaptive && { thinking: { type: "adaptive" as const, display: "summarized" as const } }),
    },
    { signal },
  );
  // The end is heard below as well; without this a failure would count as heard by nobody.
  stream.done().catch(() => undefined);
  let thought = "";
  for await (const event of stream) {
    if (event.type === "content_block_stop") {
      for (const line of thought.split("\n").filter((text) => text.trim() !== "")) shown.note(line);
      thought = "";
      if (stream.currentMessage?.content[event.index]?.type === "text") shown.say("\n");
    }
    if (event.type !== "content_block_delta") continue;
    if (event.delta.type === "text_delta") shown.say(event.delta.text);
    if (event.delta.type === "thinking_delta") thought += event.delta.thinking;
  }
  return stream.finalMessage();
}
