import { type Block, reply, type Turn, use } from "./messages-api.ts";
import type { MessagesRequest } from "./messages-rules.ts";

/**
 * A model that is played: what it yields is one reply of its, what it gets back is what the world said to that. It ends
 * its talk with an empty reply.
 */
export type Script = Generator<Reply, void, Heard>;
/** A part of a script that finds something out. */
export type Part<T> = Generator<Reply, T, Heard>;

export interface Reply {
  text: string;
  calls: { name: string; input: Record<string, unknown> }[];
}

export interface Heard {
  /** Of the calls of the reply before, in their order. */
  results: Result[];
  /** What the person said, where it was their turn. */
  said: string;
  /** The names of all tools that there are. */
  tools: Offered[];
}

interface Offered {
  name: string;
  input_schema?: unknown;
}

export interface Result {
  /** As the model got it. */
  text: string;
  /** The same, where it is a JSON object. */
  value: Record<string, unknown>;
  isError: boolean;
}

const nothing: Result = { text: "", value: {}, isError: false };

/** Calls one tool, and answers its result. */
export function* call(name: string, input: Record<string, unknown>): Part<Result> {
  const { results } = yield { text: "", calls: [{ name, input }] };
  return results[0] ?? nothing;
}

/** As `call`, for one that must succeed: else the script says what came instead, and stops there. */
export function* get(name: string, input: Record<string, unknown>): Part<Record<string, unknown>> {
  const { isError, text, value } = yield* call(name, input);
  if (!isError) return value;
  yield* say(`I cannot go on: ${name} answered ${text.slice(0, 500)}`);
  throw new Error(`${name} failed, and the person said more`);
}

/** Says something and waits for the person: what they answer. */
export function* say(text: string): Part<string> {
  const { said } = yield { text, calls: [] };
  return said;
}

/** Plays a script to the API: each request brings what the reply before led to. */
export function playing(script: Script): (body: MessagesRequest) => Turn {
  const played = new Map<number, Turn>();
  return (body) => {
    // A request that is sent again, after a broken connection, gets the same reply.
    const before = played.get(body.messages.length);
    if (before) return before;
    const next = played.size === 0 ? script.next() : script.next(heardIn(body));
    const turn = turnOf(next.done ? { text: "That is all.", calls: [] } : next.value);
    played.set(body.messages.length, turn);
    return turn;
  };
}

const turnOf = ({ text, calls }: Reply): Turn =>
  reply(text, ...calls.map(({ name, input }): Block => use(name, input)));

function heardIn({ messages, tools = [] }: MessagesRequest): Heard {
  // A host may put words of its own, as the system's, behind what the tools said.
  const since = messages.slice(messages.findLastIndex(({ role }) => role === "assistant") + 1);
  const blocks = since.flatMap(({ role, content }) => {
    if (role !== "user") return [];
    return typeof content === "string" ? [{ type: "text" as const, text: content }] : content;
  });
  return {
    results: blocks.flatMap((block) =>
      block.type === "tool_result" ? [resultOf(textOf(block.content), block.is_error === true)] : [],
    ),
    said: blocks.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("\n"),
    tools,
  };
}

type Content = string | { type: string; text?: unknown }[] | undefined;

const textOf = (content: Content): string =>
  typeof content === "string" ? content : (content ?? []).map(({ text = "" }) => String(text)).join("\n");

function resultOf(text: string, isError: boolean): Result {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return { text, value: isObject ? (value as Record<string, unknown>) : {}, isError };
  } catch {
    return { text, value: {}, isError };
  }
}
