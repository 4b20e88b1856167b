import { mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { type Block, type MessagesApi, reply, startMessagesApi, type Turns, use } from "../evals/messages-api.ts";
import { runAgent } from "../src/agent/agent.ts";
import type { AgentOptions, Person } from "../src/agent/types.ts";

// The whole loop: a model with a script, by the real SDK and a strict API, and a real MCP server as a child process.

// Each starts a server.
vi.setConfig({ testTimeout: 60_000 });

let api: MessagesApi | undefined;
afterEach(async () => {
  await api?.stop();
  api = undefined;
});

/** A person who writes down what came to them. */
function scripted({ answers = [], decision = "cancel" as const }: Partial<Behaviour> = {}) {
  const seen = {
    said: "",
    notes: [] as string[],
    questions: [] as string[],
    decisions: [] as { message: string; typed: string | null }[],
  };
  const left = [...answers];
  const person: Person = {
    say: (text) => {
      seen.said += text;
    },
    note: (line) => seen.notes.push(line),
    ask: async (question) => {
      seen.questions.push(question);
      return question === "> " ? undefined : left.shift();
    },
    decide: async (question) => {
      seen.decisions.push(question);
      return decision;
    },
    open: async ({ url }) => {
      seen.notes.push(url);
      return "accept";
    },
  };
  return { person, seen };
}

interface Behaviour {
  answers: string[];
  decision: "accept" | "decline" | "cancel";
}

async function talk(turns: Turns, behaviour: Partial<Behaviour> = {}, changed: Partial<AgentOptions> = {}) {
  api = await startMessagesApi(turns);
  const { person, seen } = scripted(behaviour);
  const transcript = join(mkdtempSync(join(tmpdir(), "berth-agent-")), "agent", "talk.jsonl");
  const end = await runAgent({
    message: "Deploy it",
    model: "claude-opus-5-5",
    version: "0.1.0",
    api: { key: api.key, baseURL: api.url },
    serve: { command: process.execPath, args: [join(import.meta.dirname, "agent/server.ts")], env: {}, cwd: tmpdir() },
    person,
    limits: { turns: 20, usd: 5 },
    transcript,
    signal: new AbortController().signal,
    ...changed,
  });
  const lines = readFileSync(transcript, "utf8").trimEnd().split("\n");
  const written: { kind: string; [fact: string]: unknown }[] = lines.map((line) => JSON.parse(line));
  return { end, seen, written, transcript, requests: api.requests, refused: api.refused };
}

/** What the model got for its calls, in order. */
const results = ({ requests }: { requests: MessagesApi["requests"] }) =>
  (requests.at(-1)?.messages ?? []).flatMap(({ content }) =>
    typeof content === "string" ? [] : content.filter((block) => block.type === "tool_result"),
  );

test("a call is streamed, made, and its structured content goes back; then the model answers", async () => {
  const done = await talk([reply("I look.\n", use("echo", { text: "hé “quoted” \u{1f6a2}" })), reply("It is done.")]);
  expect(done.refused).toEqual([]);
  expect(done.end).toMatchObject({ reason: "answered", turns: 2, answer: "It is done." });
  expect(done.end.usd).toBeGreaterThan(0);
  expect(done.seen.said).toBe("I look.\n\nIt is done.\n");
  expect(done.seen.notes).toEqual(["echo  hé “quoted” \u{1f6a2}"]);
  expect(results(done)).toMatchObject([{ content: '{"said":"hé “quoted” \u{1f6a2}"}' }]);
  const [first] = done.requests;
  expect(first).toMatchObject({ model: "claude-opus-5-5", cache_control: { type: "ephemeral" }, stream: true });
  expect(first?.system).toContain("Approval is the person's alone");
  expect(first?.tools?.map(({ name }) => name).at(-1)).toBe("ask_person");
  expect(done.requests[1]?.tools).toEqual(first?.tools);
});

test("text, links and resources reach the model as text; an error as an error", async () => {
  const done = await talk([reply("", use("links", {}), use("refuse", {})), reply("So be it.")]);
  expect(results(done)).toEqual([
    expect.objectContaining({ content: "before\n\nResource: berth://runs/run_1 (The run)\n\nthe plan" }),
    expect.objectContaining({ content: "no_such_plan: there is none. Call propose_plan.", is_error: true }),
  ]);
  expect(done.refused).toEqual([]);
});

test("what the model thinks aloud between its calls is shown, and goes back as it came", async () => {
  const thinking: Block = { type: "thinking", thinking: "First the source.\n\nThen a plan.", signature: "signed" };
  const done = await talk([{ content: [thinking, use("echo", { text: "x" })] }, reply("Done.")]);
  expect(done.seen.notes).toEqual(["First the source.", "Then a plan.", "echo  x"]);
  expect(done.requests[1]?.messages[1]?.content).toContainEqual(thinking);
  expect(done.requests[0]).toMatchObject({ thinking: { type: "adaptive", display: "summarized" } });
});

test("a question of the model's is answered by the person, and by a number where there are options", async () => {
  const ask = (question: string, options?: string[]) => use("ask_person", { question, ...(options && { options }) });
  const done = await talk(
    [
      reply("", ask("Which domain?")),
      reply("", ask("Which server?", ["a", "b"])),
      reply("", ask("Sure?")),
      reply("Ok."),
    ],
    { answers: ["g.example.com", "2"] },
  );
  expect(done.seen.questions[1]).toBe(
    "The model asks (no answer approves anything):\n  Which server?\n  1. a\n  2. b\n> ",
  );
  expect(results(done)).toMatchObject([
    { content: '{"the_person_typed":"g.example.com"}' },
    { content: '{"the_person_typed":"b"}' },
    { content: expect.stringContaining("Nobody is there to answer"), is_error: true },
  ]);
});

test.each([
  ["accept", { status: "run", run: "run_8" }],
  ["decline", { status: "declined", request: "request_9" }],
  ["cancel", { status: "approval_required", request: "request_9" }],
] as const)("a dialog is the person's to answer: %s", async (decision, structured) => {
  const done = await talk([reply("", use("start", { plan: "abcdef12" })), reply("Seen.")], { decision });
  expect(done.seen.decisions).toEqual([{ message: "Apply it? \u001b[2J", typed: null }]);
  expect(results(done)).toMatchObject([{ content: JSON.stringify(structured) }]);
  expect(done.end.run).toBe(decision === "accept" ? "run_8" : undefined);
  expect(done.end.request).toBe(decision === "cancel" ? "request_9" : undefined);
  expect(done.written.find(({ kind }) => kind === "dialog")).toMatchObject({ answer: { action: decision } });
});

test("what destroys is approved by typing a name; a page is opened by the person", async () => {
  const done = await talk([reply("", use("destroy", { stack: "other" }), use("page", {})), reply("Seen.")], {
    decision: "accept",
  });
  expect(done.seen.decisions).toEqual([{ message: "All data is lost.", typed: "guestbook" }]);
  expect(done.seen.notes).toContain("http://127.0.0.1:1/secret");
  expect(results(done)).toMatchObject([
    { content: '{"status":"run","run":"run_8"}' },
    { content: '{"action":"accept"}' },
  ]);
});

test("the address is the result's own, and is said once", async () => {
  const done = await talk([
    reply("", use("begin", {})),
    reply("", use("wait", { run: "run_7" })),
    reply("", use("wait", { run: "run_7" })),
    reply("It answers."),
  ]);
  // Asked after twice, it stands there once.
  expect(done.seen.notes).toEqual(["begin", "wait  run_7", "guestbook answers on https://g.example.com"]);
  expect(done.end.run).toBeUndefined();
});

test("a limit on turns ends before the next request; a limit on dollars too", async () => {
  const again = () => reply("", use("echo", { text: "again" }));
  const turns = await talk(again, {}, { limits: { turns: 3, usd: 5 } });
  expect(turns.end).toMatchObject({ reason: "turns", turns: 3 });
  expect(turns.requests).toHaveLength(3);
  expect(turns.seen.notes.at(-1)).toMatch(/limit of 3 requests.*higher limit/);
  await api?.stop();

  const dear = () => ({
    ...again(),
    usage: { input_tokens: 100_000, output_tokens: 1000, cache_read_input_tokens: 500_000 },
  });
  const cost = await talk(dear, {}, { limits: { turns: 20, usd: 1 } });
  // 100,000 at $4, half a million from the cache at a twentieth of it, 1,000 at $20: $0.52 each.
  expect(cost.end).toMatchObject({ reason: "cost", turns: 2 });
  expect(cost.end.usd).toBeCloseTo(1.04);
});

test("a model without a known price counts as the dearest, and that is said", async () => {
  const turn = { ...reply("Hm."), usage: { input_tokens: 1_000_000, output_tokens: 0 } };
  const done = await talk([turn], {}, { model: "claude-next-9" });
  expect(done.end.usd).toBeCloseTo(10);
  expect(done.seen.notes[0]).toMatch(/price of claude-next-9 is not known/);
});

test("a reply that was cut off goes on; a call in it is not made", async () => {
  const done = await talk([
    { ...reply("half", use("start", { plan: "abcdef12" })), stop: "max_tokens" },
    { ...reply("a sent"), stop: "max_tokens" },
    reply("ence."),
  ]);
  expect(done.refused).toEqual([]);
  expect(done.seen.decisions).toEqual([]);
  expect(results(done)).toMatchObject([{ content: expect.stringContaining("was not made"), is_error: true }]);
  expect(done.end).toMatchObject({ reason: "answered", answer: "ence." });
});

test("three replies in a row that are cut off, or a full context, end it with what to do", async () => {
  const cut = await talk(() => ({ ...reply("on and on"), stop: "max_tokens" }));
  expect(cut.end).toMatchObject({ reason: "failed", turns: 3, failure: { code: "conversation_too_long" } });
  await api?.stop();
  const full = await talk([{ ...reply("x"), stop: "model_context_window_exceeded" }]);
  expect(full.end.failure).toMatchObject({ code: "conversation_too_long", cause: "Its context window is full." });
});

test("a refusal ends it", async () => {
  const done = await talk([{ ...reply("I "), stop: "refusal" }]);
  expect(done.end).toMatchObject({ reason: "refused", turns: 1 });
  expect(done.seen.notes).toEqual(["The model refused to go on."]);
});

test.each([
  [401, "authentication_error", "api_key_refused", /ANTHROPIC_API_KEY/],
  [404, "not_found_error", "no_such_model", /--model/],
  [400, "invalid_request_error", "api_refused", /cause/],
  [429, "rate_limit_error", "api_busy", /again/],
  [529, "overloaded_error", "api_unavailable", /again/],
] as const)("the API answers %i %s", async (status, type, code, next) => {
  const headers = { "retry-after-ms": "1" };
  const done = await talk(() => ({ error: { status, type, message: "no \u001b[31mway", headers } }));
  expect(done.end).toMatchObject({ reason: "failed", failure: { code, object: expect.stringContaining("127.0.0.1") } });
  expect(done.end.failure?.cause).toContain("no way");
  expect(done.end.failure?.next).toMatch(next);
  expect(JSON.stringify(done.written)).not.toContain("sk-ant");
});

test("the API is busy for a moment: the SDK asks again, and nobody notices", async () => {
  const busy = {
    error: { status: 529, type: "overloaded_error", message: "busy", headers: { "retry-after-ms": "1" } },
  };
  const done = await talk([busy, busy, reply("Here.")]);
  expect(done.end).toMatchObject({ reason: "answered", answer: "Here.", turns: 1 });
});

test("an answer that breaks off is asked for again, three times at most", async () => {
  const once = await talk([{ ...reply("A long answer of many words."), breaksAfter: 4 }, reply("Whole.")]);
  expect(once.end).toMatchObject({ reason: "answered", answer: "Whole." });
  expect(once.seen.notes).toEqual(["The answer broke off; asking again."]);
  await api?.stop();
  const ever = await talk(() => ({ ...reply("A long answer of many words."), breaksAfter: 4 }));
  expect(ever.end.failure).toMatchObject({ code: "api_unreachable" });
  expect(ever.requests).toHaveLength(3);
});

test("nobody listens where the API should be", async () => {
  const baseURL = "http://127.0.0.1:65123";
  const done = await talk([], {}, { api: { key: "sk-ant-x", baseURL } });
  expect(done.end.failure).toMatchObject({ code: "api_unreachable", cause: expect.stringContaining("ECONNREFUSED") });
});

test("an interrupt ends a reply in its middle, and names the run that goes on", async () => {
  const leaving = new AbortController();
  const turns: Turns = [reply("", use("begin", {})), { stalls: "I am thinking about" }];
  const { person, seen } = scripted();
  const say = person.say;
  person.say = (text) => {
    say(text);
    if (seen.said.includes("thinking about")) leaving.abort();
  };
  const done = await talk(turns, {}, { person, signal: leaving.signal });
  expect(done.end).toMatchObject({ reason: "left", run: "run_7" });
});

test("progress is shown as it comes, and not twice; an interrupt ends a call that does not end", async () => {
  const leaving = new AbortController();
  const { person, seen } = scripted();
  const note = person.note;
  person.note = (line) => {
    note(line);
    if (line.endsWith("two")) leaving.abort();
  };
  const done = await talk([reply("", use("forever", {}))], {}, { person, signal: leaving.signal });
  expect(done.end.reason).toBe("left");
  expect(seen.notes).toEqual(["forever", "  step one", "  step \u001b[31mtwo"]);
});

test("a server that dies ends it with its last words; one that does not start too", async () => {
  const crashed = await talk([reply("", use("crash", {})), reply("?")]);
  expect(crashed.end.failure).toMatchObject({ code: "server_gone", cause: expect.stringContaining("out of memory") });
  await api?.stop();
  const args = ["-e", "console.error('no such thing'); process.exit(3)"];
  const none = await talk([], {}, { serve: { command: process.execPath, args, env: {}, cwd: tmpdir() } });
  expect(none.end.failure).toMatchObject({ code: "server_failed", cause: expect.stringContaining("no such thing") });
});

test("a tool that does not exist and a wrong argument are the model's to mend", async () => {
  const done = await talk([reply("", use("echo", { words: "x" }), use("ask_person", { asks: 1 })), reply("Ah.")]);
  expect(results(done)).toMatchObject([{ is_error: true }, { is_error: true }]);
  expect(done.end.reason).toBe("answered");
});

test("the person's next line goes on in the same history", async () => {
  const { person } = scripted();
  const lines = ["And the domain?", ""];
  person.ask = async () => lines.shift();
  const done = await talk([reply("Hello."), reply("g.example.com")], {}, { person });
  expect(done.requests[1]?.messages).toMatchObject([
    { role: "user", content: "Deploy it" },
    { role: "assistant" },
    { role: "user", content: "And the domain?" },
  ]);
  expect(done.end).toMatchObject({ reason: "answered", turns: 2 });
});

test("the transcript is its owner's alone and holds all that went to and fro", async () => {
  const done = await talk([reply("Look.", use("start", { plan: "abcdef12" })), reply("Bye.")], { decision: "decline" });
  expect(statSync(done.transcript).mode & 0o777).toBe(0o600);
  expect(statSync(join(done.transcript, "..")).mode & 0o777).toBe(0o700);
  expect(done.written.map(({ kind }) => kind)).toEqual([
    ...["start", "person", "request", "reply", "call", "dialog", "result", "request", "reply", "end"],
  ]);
  expect(done.written[3]).toMatchObject({ usage: expect.objectContaining({ output_tokens: expect.any(Number) }) });
});
