import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { declineRequest, openRequest } from "../src/approval/request.ts";
import { usualLimits } from "../src/server/serving.ts";
import { openedBerth } from "../src/services/fixture.ts";
import { surfaceOf } from "../src/services/surface-of.ts";
import { type Message, rawClient, structured } from "./mcp/raw.ts";
import { askTool, dialogsInMemory, openTool, served, surfaceWith } from "./mcp/serving.ts";

const form = { elicitation: { form: {} } };
const tools = [askTool, openTool];
const shortDialog = { ...usualLimits, dialog: 1200 };

async function legacy(capabilities: object, given: Parameters<typeof served>[0] = {}) {
  const { client } = served({ tools, ...given });
  return rawClient(client, capabilities, "legacy");
}

async function modern(capabilities: object, given: Parameters<typeof served>[0] = {}) {
  const { client } = served({ tools, ...given });
  return rawClient(client, capabilities, "modern");
}

const accepted = (content: object) => ({ action: "accept", content });
const yes = accepted({ approve: true });

// What a person can do in a dialog, and what it means, is the same in both eras.
const answers = [
  { what: "a yes", response: yes, answer: "yes" },
  { what: "an accepted form that says no", response: accepted({ approve: false }), answer: "no" },
  { what: "a decline", response: { action: "decline" }, answer: "no" },
  { what: "a cancel, as headless hosts answer", response: { action: "cancel" }, answer: "unanswered" },
  { what: "an accepted form without the field", response: accepted({}), answer: "unanswered" },
  { what: "a yes as a text", response: accepted({ approve: "true" }), answer: "unanswered" },
  { what: "a yes under another name", response: accepted({ stack: true, yes: true }), answer: "unanswered" },
];

test.each(answers)("2025-11-25: $what is $answer", async ({ response, answer }) => {
  const client = await legacy(form);
  client.onRequest(({ id }) => void client.send({ id, result: response }));
  expect(structured(await client.call("ask", { request: "r1" }))).toEqual({ answer, client: "raw 1" });
});

test.each(answers)("2026-07-28: $what is $answer", async ({ response, answer }) => {
  const client = await modern(form);
  const first = await client.call("ask", { request: "r1" });
  expect(first.result).toMatchObject({ resultType: "input_required" });
  const second = await client.call("ask", { request: "r1" }, back(first, response));
  expect(structured(second)).toEqual({ answer, client: "raw 1" });
});

const typed = [
  { name: "shop", answer: "yes" },
  { name: "Shop", answer: "unanswered" },
  { name: " shop", answer: "unanswered" },
  { name: "yes", answer: "unanswered" },
];

test.each(typed)("where the stack's name has to be typed, $name is $answer", async ({ name, answer }) => {
  const old = await legacy(form);
  old.onRequest(({ id, params }) => {
    expect(params?.["requestedSchema"]).toMatchObject({ required: ["stack"] });
    void old.send({ id, result: accepted({ stack: name, approve: true }) });
  });
  expect(structured(await old.call("ask", { request: "r1", typed: "shop" }))).toMatchObject({ answer });

  const client = await modern(form);
  const first = await client.call("ask", { request: "r1", typed: "shop" });
  const second = await client.call("ask", { request: "r1", typed: "shop" }, back(first, accepted({ stack: name })));
  expect(structured(second)).toMatchObject({ answer });
});

test("the form says what is asked, and is flat", async () => {
  const client = await modern(form);
  const { result } = await client.call("ask", { request: "r1" });
  expect(result?.["inputRequests"]).toMatchObject({
    answer: {
      method: "elicitation/create",
      params: { mode: "form", message: "Do r1?", requestedSchema: { type: "object", required: ["approve"] } },
    },
  });
});

test.each([
  { what: "nothing", capabilities: {}, answer: "unable" },
  { what: "pages alone", capabilities: { elicitation: { url: {} } }, answer: "unable" },
])("a client that declares $what is not asked", async ({ capabilities, answer }) => {
  for (const client of [await legacy(capabilities), await modern(capabilities)]) {
    expect(structured(await client.call("ask", { request: "r1" }))).toMatchObject({ answer });
    expect(client.messages.filter(({ method }) => method === "elicitation/create")).toEqual([]);
  }
});

test("a client that declares dialogs without a mode is shown forms", async () => {
  const client = await legacy({ elicitation: {} });
  client.onRequest(({ id }) => void client.send({ id, result: yes }));
  expect(structured(await client.call("ask", { request: "r1" }))).toMatchObject({ answer: "yes" });
});

test("silence withdraws the dialog, and what is answered then counts nothing", async () => {
  const client = await legacy(form, { limits: shortDialog });
  let dialog: Message | undefined;
  client.onRequest((request) => {
    dialog ??= request;
  });
  expect(structured(await client.call("ask", { request: "r1" }))).toMatchObject({ answer: "unanswered" });
  const withdrawn = client.messages.filter(({ method }) => method === "notifications/cancelled");
  expect(withdrawn.map(({ params }) => params?.["requestId"])).toEqual([dialog?.id]);

  const again = client.call("ask", { request: "r1" });
  await client.send({ id: dialog?.id, result: yes });
  expect(structured(await again)).toMatchObject({ answer: "unanswered" });
});

test("a client whose dialog fails has not said yes", async () => {
  const client = await legacy(form);
  client.onRequest(({ id }) => void client.send({ id, error: { code: -32603, message: "no window" } }));
  expect(structured(await client.call("ask", { request: "r1" }))).toMatchObject({ answer: "unanswered" });
});

test("a dialog is withdrawn by a newer one of the same request, in whichever client", async () => {
  const surface = surfaceWith({ dialogs: dialogsInMemory() });
  const one = await legacy(form, { surface });
  const other = await modern(form, { surface });
  const dialogs: Message[] = [];
  one.onRequest((request) => dialogs.push(request));
  const call = one.call("ask", { request: "r1" });
  await expect.poll(() => dialogs.length).toBe(1);
  const newer = await other.call("ask", { request: "r1" });
  await one.send({ id: dialogs[0]?.id, result: yes });
  expect(structured(await call)).toMatchObject({ answer: "unanswered" });
  expect(structured(await other.call("ask", { request: "r1" }, back(newer, yes)))).toMatchObject({ answer: "yes" });
});

test("a cancelled call withdraws its dialog", async () => {
  const client = await legacy(form);
  const dialogs: Message[] = [];
  client.onRequest((request) => dialogs.push(request));
  void client.call("ask", { request: "r1" });
  await expect.poll(() => dialogs.length).toBe(1);
  await client.send({ method: "notifications/cancelled", params: { requestId: client.last() } });
  await expect.poll(() => client.messages.some(({ method }) => method === "notifications/cancelled")).toBe(true);
});

test("an answer counts once", async () => {
  const client = await modern(form);
  const first = await client.call("ask", { request: "r1" });
  expect(structured(await client.call("ask", { request: "r1" }, back(first, yes)))).toMatchObject({ answer: "yes" });
  expect(asksAnew(await client.call("ask", { request: "r1" }, back(first, yes)))).toBe(true);
});

test("an answer to an older dialog of the same request counts nothing", async () => {
  const client = await modern(form);
  const old = await client.call("ask", { request: "r1" });
  const newer = await client.call("ask", { request: "r1" });
  expect(asksAnew(await client.call("ask", { request: "r1" }, back(old, yes)))).toBe(true);
  // That asked anew once more, so the one between is withdrawn, too.
  expect(asksAnew(await client.call("ask", { request: "r1" }, back(newer, yes)))).toBe(true);
});

test("an answer to a request that was closed meanwhile counts nothing", async () => {
  const dialogs = dialogsInMemory();
  const client = await modern(form, { surface: surfaceWith({ dialogs }) });
  const first = await client.call("ask", { request: "r1" });
  dialogs.closed.add("r1");
  expect(asksAnew(await client.call("ask", { request: "r1" }, back(first, yes)))).toBe(true);
});

test("an answer belongs to its call: another request, another tool, other arguments ask anew", async () => {
  const client = await modern({ elicitation: { form: {}, url: {} } });
  const first = await client.call("ask", { request: "r1" });
  expect(asksAnew(await client.call("ask", { request: "r2" }, back(first, yes)))).toBe(true);
  expect(asksAnew(await client.call("ask", { request: "r1", typed: "shop" }, back(first, yes)))).toBe(true);
  expect(asksAnew(await client.call("open", { id: "r1" }, back(first, { action: "accept" })))).toBe(true);
});

test("an answer without what we signed counts nothing", async () => {
  const client = await modern(form);
  await client.call("ask", { request: "r1" });
  const inputResponses = { answer: yes };
  expect(asksAnew(await client.call("ask", { request: "r1" }, { inputResponses }))).toBe(true);
});

test("what we signed without an answer asks anew", async () => {
  const client = await modern(form);
  const first = await client.call("ask", { request: "r1" });
  const requestState = first.result?.["requestState"];
  expect(asksAnew(await client.call("ask", { request: "r1" }, { requestState }))).toBe(true);
});

test("a forged state is refused before anything is done", async () => {
  const client = await modern(form);
  const first = await client.call("ask", { request: "r1" });
  const [version, body = "", mac] = String(first.result?.["requestState"]).split(".");
  const told = JSON.parse(Buffer.from(body, "base64url").toString());
  const forged = Buffer.from(JSON.stringify({ ...told, p: { ...told.p, about: "r2" } })).toString("base64url");
  for (const requestState of [`${version}.${forged}.${mac}`, "yes", ""]) {
    const { error } = await client.call("ask", { request: "r2" }, { requestState, inputResponses: { answer: yes } });
    expect(error).toMatchObject({ code: -32602 });
  }
});

test("another state folder's signature is none", async () => {
  const other = await modern(form);
  const client = await modern(form);
  const first = await other.call("ask", { request: "r1" });
  const { error } = await client.call("ask", { request: "r1" }, back(first, yes));
  expect(error).toMatchObject({ code: -32602 });
});

test("a page is opened where the client can, and only there", async () => {
  const both = { elicitation: { form: {}, url: {} } };
  const old = await legacy(both);
  old.onRequest(({ id, params }) => {
    expect(params).toMatchObject({ mode: "url", url: "http://127.0.0.1:1/p1", elicitationId: "p1" });
    void old.send({ id, result: { action: "accept" } });
  });
  expect(structured(await old.call("open", { id: "p1" }))).toEqual({ answer: "yes" });

  const client = await modern(both);
  const first = await client.call("open", { id: "p1" });
  const opened = { answer: { method: "elicitation/create", params: { mode: "url", url: "http://127.0.0.1:1/p1" } } };
  expect(first.result?.["inputRequests"]).toMatchObject(opened);
  const declined = await client.call("open", { id: "p1" }, back(first, { action: "decline" }));
  expect(structured(declined)).toEqual({ answer: "no" });

  for (const without of [await legacy(form), await modern(form)])
    expect(structured(await without.call("open", { id: "p1" }))).toEqual({ answer: "unable" });
});

test("a call that ran out of time asks nothing more", async () => {
  let asks: (() => Promise<unknown>) | undefined;
  const late = {
    ...askTool,
    run: async (_: unknown, { asker }: Parameters<typeof askTool.run>[1]) => {
      asks = () => asker.ask({ request: "r1", message: "Do r1?", typed: null });
      await sleep(60_000, undefined, { ref: false });
      return {};
    },
  };
  const client = await legacy(form, { tools: [late], limits: { ...usualLimits, call: 100 } });
  expect((await client.call("ask", { request: "r1" })).result).toMatchObject({ isError: true });
  expect(await asks?.()).toBe("unanswered");
  expect(client.messages.filter(({ method }) => method === "elicitation/create")).toEqual([]);
});

test("over a real store: an answer given to one server counts in another of the same state folder, once", async () => {
  const berth = openedBerth();
  try {
    const request = requestIn(berth);
    const surface = () => surfaceOf(berth, { cwd: "/", git: {} });
    const one = await modern(form, { surface: surface() });
    const other = await modern(form, { surface: surface() });
    const first = await one.call("ask", { request });
    expect(structured(await other.call("ask", { request }, back(first, yes)))).toMatchObject({ answer: "yes" });
    expect(asksAnew(await one.call("ask", { request }, back(first, yes)))).toBe(true);
  } finally {
    berth.remove();
  }
});

test("over a real store: what a person decided elsewhere meanwhile stands, whatever the dialog says", async () => {
  const berth = openedBerth();
  try {
    const request = requestIn(berth);
    const client = await legacy(form, { surface: surfaceOf(berth, { cwd: "/", git: {} }) });
    client.onRequest(({ id }) => {
      declineRequest(berth.store, request, Date.now());
      void client.send({ id, result: yes });
    });
    expect(structured(await client.call("ask", { request }))).toMatchObject({ answer: "unanswered" });
  } finally {
    berth.remove();
  }
});

function requestIn({ store }: ReturnType<typeof openedBerth>): string {
  const operation = { kind: "act" as const, act: "cancel_run", arguments: { run: "run_x" } };
  return openRequest(store, operation, {}, Date.now()).id;
}

/** The second call's part of the way: what was kept, and the answer. */
function back({ result }: Message, response: object) {
  return { requestState: result?.["requestState"], inputResponses: { answer: response } };
}

const asksAnew = ({ result }: Message) => result?.["resultType"] === "input_required";
