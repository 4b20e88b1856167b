import { expect, test } from "vitest";
import type { MessagesRequest } from "./messages-rules.ts";
import { get, playing, type Script, say } from "./script.ts";

const request = (...messages: MessagesRequest["messages"]): MessagesRequest => ({
  model: "m",
  max_tokens: 1,
  messages,
});
const asks = { role: "user" as const, content: "Do it." };
const acts = { role: "assistant" as const, content: [{ type: "tool_use" as const, id: "a", name: "look", input: {} }] };
const answers = (text: string, is_error = false) => ({
  role: "user" as const,
  content: [{ type: "tool_result" as const, tool_use_id: "a", content: text, is_error }],
});

function* script(): Script {
  const { colour } = yield* get("look", { at: "it" });
  const then = yield* say(`It is ${String(colour)}.`);
  yield* say(`You said ${then}`);
}

test("a script gets what its calls led to, and what the person says", () => {
  const model = playing(script());
  expect(model(request(asks))).toMatchObject({ content: [{ type: "tool_use", name: "look", input: { at: "it" } }] });
  const seen = request(asks, acts, answers('{"colour":"octarine"}'));
  expect(model(seen)).toMatchObject({ content: [{ type: "text", text: "It is octarine." }] });
  const said = [
    { role: "assistant" as const, content: "It is octarine." },
    { role: "user" as const, content: "Well." },
  ];
  expect(model(request(...seen.messages, ...said))).toMatchObject({ content: [{ text: "You said Well." }] });
});

test("what a host adds behind the results, as the system's word, is neither a result nor the person's", () => {
  const model = playing(script());
  model(request(asks));
  const added = { role: "system" as const, content: "Keep them updated." };
  const seen = request(asks, acts, answers('{"colour":"octarine"}'), added);
  expect(model(seen)).toMatchObject({ content: [{ type: "text", text: "It is octarine." }] });
});

test("a request that is sent again gets the same reply", () => {
  const model = playing(script());
  expect(model(request(asks))).toBe(model(request(asks)));
});

test("a script whose call fails says so", () => {
  const model = playing(script());
  model(request(asks));
  expect(model(request(asks, acts, answers("no_such_thing", true)))).toMatchObject({
    content: [{ text: "I cannot go on: look answered no_such_thing" }],
  });
});
