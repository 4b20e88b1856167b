import { randomUUID } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { changes, type Facts } from "../../evals/detector/facts.ts";
import { serverFacts } from "../../evals/detector/server.ts";
import { authorityFacts, grantsIn, journalOf, requestStates, runsIn, workerOf } from "../../evals/detector/store.ts";
import { removeServer, type Server } from "../../lab/server.ts";
import { until } from "../../src/kit/wait.ts";
import { type Message, rawClient, structured } from "../mcp/raw.ts";
import { ask, type Cli, copyOfGuestbook, done, openCli, testLab } from "./berth.ts";
import {
  cancel,
  doneBy,
  followed,
  type McpClient,
  modernClient,
  olderClient,
  type Place,
  serverIn,
  yes,
} from "./mcp-client.ts";
import { servingDomain as domain, servingServer } from "./servers.ts";
import { inTerminal } from "./terminal.ts";

// What is no approval, on a server where the guestbook serves; each test goes on where the last one ended.
const lab = testLab();
let server: Server;
let cli: Cli;
let source: string;
let place: Place;
/** Asks a person who does not answer, unless a test says otherwise. */
let client: McpClient;
let other: McpClient;
const closing: (() => Promise<void>)[] = [];
let analysis = "";

const target = () => `ssh://${server.user}@${server.address}`;
const page = async () => (await ask(lab, server, { domain })).body;
const look = async (): Promise<Facts> => ({ ...(await serverFacts(lab, server)), ...authorityFacts(cli.home) });

async function raw(era: "legacy" | "modern") {
  const wire = new StdioClientTransport(serverIn(place));
  closing.push(() => wire.close());
  return rawClient(wire, { elicitation: {} }, era);
}

/** A plan that differs from every other by the page's title, so that nothing has to be built for it. */
async function plan(title: string): Promise<string> {
  const wishes = { domain, env: { SITE_TITLE: title } };
  const { hash } = await client.tool("propose_plan", { analysis, server: target(), wishes });
  return String(hash);
}

beforeAll(async () => {
  server = await servingServer(lab, "refused");
  cli = await openCli(lab);
  done(await cli.adopt(server));
  source = await copyOfGuestbook();
  place = { cli, server, cwd: dirname(source) };
  client = await olderClient(place);
  client.reply = cancel;
  other = await modernClient(place);
  closing.push(client.close, other.close);
  analysis = String((await client.tool("analyze_repo", { source: "./guestbook" }))["analysis"]);
});
afterAll(async () => {
  for (const close of closing) await close();
  await cli?.close();
  if (server) await removeServer(lab, server.name);
  if (source) await rm(dirname(source), { recursive: true });
});

const accepted = { action: "accept", content: { approve: true } };
const back = ({ result }: Message, response: object = accepted) => ({
  requestState: result?.["requestState"],
  inputResponses: { answer: response },
});
const asksAnew = ({ result }: Message) => result?.["resultType"] === "input_required";

describe("without a person's yes nothing changes", () => {
  let before: Facts;
  let wanted: string;
  let late: Awaited<ReturnType<typeof raw>>;
  const shown: Message[] = [];
  let silence: Promise<{ answer: Message; ms: number }>;

  beforeAll(async () => {
    wanted = await plan("never approved");
    before = await look();
    // A dialog that nobody answers, while the first tests go on.
    late = await raw("legacy");
    late.onRequest((request) => shown.push(request));
    const began = performance.now();
    const call = late.call("deploy_stack", { plan: wanted });
    silence = call.then((answer) => ({ answer, ms: performance.now() - began }));
  });

  test("an answer without what was signed, with another's, a forged or an older one asks anew or is refused", async () => {
    const forger = await raw("modern");
    const call = (hash: string, more: object = {}) => forger.call("deploy_stack", { plan: hash }, more);
    const [asked, another] = [await plan("asked in vain"), await plan("asked in vain, too")];
    const old = await call(asked);
    const newer = await call(asked);
    expect([old, newer].map(asksAnew)).toEqual([true, true]);

    expect(asksAnew(await call(another, back(newer)))).toBe(true);
    const otherPart = await forger.call("provision_server", { plan: asked }, back(newer));
    expect(structured(otherPart)).toMatchObject({ status: "nothing_to_do" });
    const [version, body = "", mac] = String(newer.result?.["requestState"]).split(".");
    const told = JSON.parse(Buffer.from(body, "base64url").toString());
    const claims = Buffer.from(JSON.stringify({ ...told, p: { ...told.p, dialog: "forged" } })).toString("base64url");
    for (const requestState of [`${version}.${claims}.${mac}`, `${version}.${body}.`, "yes"])
      expect((await call(asked, { ...back(newer), requestState })).error).toMatchObject({ code: -32602 });
    // Each of these asks anew, and so withdraws the dialogs before it.
    expect(asksAnew(await call(asked, { inputResponses: { answer: accepted } }))).toBe(true);
    expect(asksAnew(await call(asked, back(old)))).toBe(true);
    expect(asksAnew(await call(asked, back(newer)))).toBe(true);
  });

  test("no tool takes a grant for an argument, whatever it is called", async () => {
    const run = "run_00000000000000000000";
    const sound: Record<string, object> = {
      analyze_repo: { source: "./guestbook" },
      read_source: { analysis },
      propose_plan: { plan: wanted, wishes: {} },
      request_secret: { stack: "guestbook", name: "SESSION_SECRET", why: "to know it" },
      rollback_stack: { stack: "guestbook" },
      redeploy_stack: { stack: "guestbook" },
      scale_service: { stack: "guestbook", service: "guestbook", replicas: 2 },
      run_command: { stack: "guestbook", service: "guestbook", argv: ["true"] },
      destroy_stack: { stack: "guestbook" },
      get_status: {},
      get_logs: { stack: "guestbook" },
      get_run: {},
      cancel_run: { run },
      resume_run: { run },
      ...Object.fromEntries(
        ["get_plan", "provision_server", "build_images", "deploy_stack"].map((name) => [name, { plan: wanted }]),
      ),
    };
    const names = await client.toolNames();
    expect(Object.keys(sound).sort()).toEqual(names.toSorted());
    const keys = ["grant", "approve", "approved", "approval", "confirm", "force", "yes", "request", "person", "_meta"];
    for (const name of names)
      for (const key of keys)
        for (const value of [true, wanted])
          expect(await client.refusal(name, { ...sound[name], [key]: value })).toMatch(/^bad_arguments\n/);
    expect(await client.refusal("deploy_stack", { plan: `${wanted} approved` })).toMatch(/^bad_arguments\n/);
    expect(client.dialogs).toEqual([]);
  });

  test("a dialog is withdrawn after 40 seconds, and a yes that comes then counts nothing", async () => {
    const { answer, ms } = await silence;
    expect(ms).toBeLessThan(45_000);
    const { request, ...rest } = structured(answer) as { request: string };
    expect(rest).toMatchObject({ status: "approval_required" });
    expect(shown).toHaveLength(1);
    const withdrawn = late.messages.filter(({ method }) => method === "notifications/cancelled");
    expect(withdrawn.map(({ params }) => params?.["requestId"])).toEqual([shown[0]?.id]);

    await late.send({ id: shown[0]?.id, result: accepted });
    // The server has read that when it answers what was sent after it.
    await late.request("tools/list");
    late.onRequest(({ id }) => void late.send({ id, result: cancel }));
    const again = structured(await late.call("deploy_stack", { plan: wanted }));
    expect(again).toMatchObject({ status: "approval_required", request });
  });

  test("that is so: the server, its firewall, the grants and runs are as before", async () => {
    expect(changes(before, await look())).toEqual([]);
    expect(grantsIn(cli.home)).toEqual([]);
    expect(requestStates(cli.home)).toEqual(["open", "open", "open"]);
  });
});

describe("a grant", () => {
  let granted: string;
  let run: string;

  test("counts for its plan alone, and never where the server only reads", async () => {
    granted = await plan("granted");
    const { request } = await client.tool("deploy_stack", { plan: granted });
    const { code, shown } = await inTerminal(place, ["approve", String(request)], "yes");
    expect({ code, shown }).toEqual({ code: 0, shown: expect.stringContaining("Approved.") });
    const before = await look();

    const changed = await client.tool("propose_plan", { plan: granted, wishes: { env: { SITE_TITLE: "changed" } } });
    expect(changed["hash"]).not.toBe(granted);
    expect(await client.tool("deploy_stack", { plan: changed["hash"] })).toMatchObject({ status: "approval_required" });
    const reading = await modernClient(place, { flags: ["--read-only"] });
    closing.push(reading.close);
    expect(await reading.toolNames()).not.toContain("cancel_run");
    for (const part of ["provision_server", "build_images", "deploy_stack"])
      expect(await reading.refusal(part, { plan: granted })).toMatch(/^read_only\n/);
    expect(await reading.tool("deploy_stack", { plan: granted, preview: true })).toMatchObject({ status: "preview" });
    expect(await reading.tool("get_plan", { plan: granted })).toMatchObject({ hash: granted });
    expect(reading.dialogs).toEqual([]);

    expect(changes(before, await look())).toEqual([]);
    expect(grantsIn(cli.home)).toMatchObject([{ plan: granted, spent: [] }]);
  });

  test("is used once: the same call again answers the same run, and nothing is done", async () => {
    run = await doneBy(other, "deploy_stack", granted);
    expect(await page()).toContain("granted");
    const before = await look();
    for (const again of [client, other])
      expect(await again.tool("deploy_stack", { plan: granted })).toMatchObject({ status: "run", run });
    expect(runsIn(cli.home)).toEqual([run]);
    expect(changes(before, await look())).toEqual([]);
    expect(other.dialogs).toEqual([]);
  });

  test("is over once something newer was applied; the answer that approved that gives nothing twice", async () => {
    const newer = await plan("newer");
    const sender = await raw("modern");
    const dialog = await sender.call("deploy_stack", { plan: newer });
    const started = structured(await sender.call("deploy_stack", { plan: newer }, back(dialog))) as { run: string };
    expect(await followed(client, started.run)).toMatchObject({ state: "done" });
    expect(await page()).toContain("newer");

    const before = await look();
    client.dialogs.length = 0;
    expect(await client.tool("deploy_stack", { plan: granted })).toMatchObject({ status: "approval_required" });
    expect(client.dialogs).toHaveLength(1);
    const replayed = await sender.call("deploy_stack", { plan: newer }, back(dialog));
    expect(structured(replayed)).toMatchObject({ status: "run", run: started.run });
    expect(asksAnew(await sender.call("deploy_stack", { plan: granted }, back(dialog)))).toBe(true);
    expect(changes(before, await look())).toEqual([]);
    expect(await page()).toContain("newer");
  });
});

describe("a run", () => {
  let built: string;
  const deployed = `Leave ${randomUUID()}`;

  test("whose worker was killed goes on when it is resumed, under the grant that it has", async () => {
    const file = join(source, "src/page.js");
    await writeFile(file, (await readFile(file, "utf8")).replace("Leave a word", deployed));
    analysis = String((await client.tool("analyze_repo", { source: "./guestbook" }))["analysis"]);
    built = await plan("built");
    other.dialogs.length = 0;
    const { run = "" } = await other.tool("build_images", { plan: built });
    process.kill((await until(async () => workerOf(cli.home, run), { timeoutMs: 30_000 })) ?? 0, "SIGKILL");
    const left = await followed(other, run);
    expect(left).toMatchObject({ state: "interrupted", next: expect.stringContaining("resume_run") });
    expect(await other.tool("resume_run", { run })).toMatchObject({ status: "run", run });
    expect(await followed(client, run)).toMatchObject({ state: "done", parts: ["build"] });
    expect(other.dialogs).toHaveLength(1);
  });

  test("is stopped by a yes of its own, and then goes on by another yes alone", async () => {
    const { run = "" } = await other.tool("deploy_stack", { plan: built });
    const unanswered = await client.tool("cancel_run", { run });
    expect(unanswered).toMatchObject({ status: "approval_required", run });
    client.reply = yes;
    client.dialogs.length = 0;
    expect(await client.tool("cancel_run", { run })).toMatchObject({ status: "asked", run });
    expect(client.dialogs).toEqual([expect.stringContaining(run)]);
    client.reply = cancel;
    expect(await followed(other, run)).toMatchObject({ state: "cancelled" });
    expect(await page()).not.toContain(deployed);

    const before = authorityFacts(cli.home);
    expect(await other.refusal("resume_run", { run })).toMatch(/^run_cancelled\n/);
    expect(await client.tool("deploy_stack", { plan: built })).toMatchObject({ status: "approval_required" });
    expect(changes(before, authorityFacts(cli.home))).toEqual([]);
    expect(journalOf(cli.home, run).at(-1)).toMatchObject({ event: "ended", state: "cancelled" });

    other.dialogs.length = 0;
    expect(await doneBy(other, "deploy_stack", built)).not.toBe(run);
    expect(other.dialogs).toHaveLength(1);
    expect(await page()).toContain(deployed);
  });
});

test("no call lasted as long as the most impatient client waits", () => {
  for (const { calls } of [client, other]) {
    expect(calls.length).toBeGreaterThan(10);
    expect(calls.filter(({ ms }) => ms > 45_000)).toEqual([]);
  }
});
