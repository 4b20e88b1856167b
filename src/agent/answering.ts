import type Anthropic from "@anthropic-ai/sdk";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import type { Account } from "./account.ts";
import { modelApi, type Reply } from "./reply.ts";
import { type Outcome, resultBlock } from "./tool-use.ts";
import type { Writer } from "./transcript.ts";
import type { AgentEnd, AgentOptions } from "./types.ts";

interface Around {
  options: AgentOptions;
  account: Account;
  record: Writer;
  note(line: string): void;
  system: string;
  tools: Anthropic.Tool[];
  run(use: Anthropic.ToolUseBlock): Promise<Outcome>;
}

/**
 * Answers the person's lines, one after the other, in one history. A loop of its own rather than the SDK's runner: calls
 * go one at a time, since there is one person to ask, the limits are looked at before each request, and a reply that was
 * cut off leaves a history that the API takes.
 */
export function answering({ options, account, record, note, system, tools, run }: Around) {
  const { model, person, signal } = options;
  const api = modelApi(options);
  const messages: Anthropic.MessageParam[] = [];
  const shown = { say: (text: string) => person.say(text), note };

  return async (line: string): Promise<AgentEnd["reason"]> => {
    messages.push({ role: "user", content: line });
    record("person", { line });
    for (let cut = 0; ; ) {
      const limit = account.reached();
      if (limit) {
        note(limit.words);
        return limit.reason;
      }
      record("request", { messages: messages.length });
      const reply = await api.ask({ model, facts: account.facts, system, tools, messages }, shown, signal);
      const { id, content, stop_reason, usage } = reply;
      record("reply", { id, stop_reason, content, usage, ...account.count(reply) });
      if (stop_reason === "refusal") return refused(reply);
      if (content.length > 0) messages.push({ role: "assistant", content });
      cut = stop_reason === "max_tokens" ? cut + 1 : 0;
      if (stop_reason === "model_context_window_exceeded" || cut > 2) throw tooLong(model, cut);
      const next = stop_reason === "max_tokens" ? cutOff(content) : await results(content);
      if (next.length > 0) messages.push({ role: "user", content: next });
      // A reply that paused is handed back as it is, and the model goes on.
      else if (stop_reason !== "pause_turn") return "answered";
    }
  };

  async function results(content: Reply["content"]): Promise<Anthropic.ToolResultBlockParam[]> {
    const blocks: Anthropic.ToolResultBlockParam[] = [];
    for (const use of usesIn(content)) blocks.push(resultBlock(use.id, await run(use)));
    return blocks;
  }

  function refused({ stop_details }: Reply): "refused" {
    const why = stop_details?.explanation ?? stop_details?.category;
    note(`The model refused to go on${why == null ? "." : `: ${cleanLine(why)}`}`);
    return "refused";
  }
}

const usesIn = (content: Reply["content"]) => content.flatMap((block) => (block.type === "tool_use" ? [block] : []));

/** A call at the end of a reply that was cut off may have lost half of its arguments: it is not made. */
function cutOff(content: Reply["content"]): Anthropic.ContentBlockParam[] {
  const lost = "Your reply was cut off at its greatest length, so this call was not made. Make it again, and say less.";
  const results = usesIn(content).map(({ id }) => resultBlock(id, { text: lost, isError: true }));
  return results.length > 0
    ? results
    : [{ type: "text", text: "(Your reply was cut off at its greatest length. Go on from there.)" }];
}

const tooLong = (model: string, cut: number) =>
  new BerthError({
    code: "conversation_too_long",
    message:
      cut > 0 ? "The model's replies are cut off again and again." : "The conversation is too long for the model.",
    object: model,
    cause: cut > 0 ? "Three replies in a row reached their greatest length." : "Its context window is full.",
    next: "Begin a new one with berth agent and say what is still to do: plans and runs are kept.",
  });
