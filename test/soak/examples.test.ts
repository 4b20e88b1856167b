import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureBase } from "../../lab/bases.ts";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { until } from "../../src/kit/wait.ts";
import { applied, ask, type Cli, done, openCli, pointDomain, testLab } from "../e2e/berth.ts";
import { freshServer } from "../e2e/servers.ts";

// The examples side by side on one server, each as somebody who has it would deploy it.
const lab = testLab();
const examples = ["polls", "site", "notes", "guestbook"] as const;
type Example = (typeof examples)[number];
let server: Server;
let cli: Cli;

const domainOf = (example: Example) => `${example}.example.test`;
const folderOf = (example: Example) => join(import.meta.dirname, "../../examples", example);
const up = async (example: Example) => done(await cli.up(folderOf(example), server, { domain: domainOf(example) }));

const get = (example: Example, path = "/") => ask(lab, server, { domain: domainOf(example), path });
const post = (example: Example, path: string, body: string, type: string) =>
  ask(lab, server, {
    ...{ domain: domainOf(example), path, method: "POST", body },
    headers: { "content-type": type, "content-length": String(Buffer.byteLength(body)) },
  });
const postJson = async (path: string, body: unknown) => {
  const answer = await post("polls", path, JSON.stringify(body), "application/json");
  return { ...answer, json: JSON.parse(answer.body) as unknown };
};

const there = (script: string) => inServer(lab, server.name, "sh", "-c", script);
const running = async (stack: Example) =>
  (await there(`docker ps --filter label=dev.berth.stack=${stack} --format '{{.Names}}' | sort`))
    .split("\n")
    .filter(Boolean);

beforeAll(async () => {
  for (const base of ["python:3.13-slim", "redis:8"]) await ensureBase(lab, base);
  server = await freshServer(lab, "examples");
  for (const example of examples) await pointDomain(lab, server, domainOf(example));
  cli = await openCli(lab);
});
afterAll(async () => {
  await cli.close();
  await removeServer(lab, server.name);
});

describe("polls: a front end, an API, a worker, Redis and PostgreSQL out of one repository", () => {
  test("is deployed", async () => {
    await up("polls");
    const parts = (await running("polls")).map((name) => name.replace(/-[0-9a-f]{6,}$/, ""));
    expect(parts).toEqual(["polls-polls-api", "polls-polls-web", "polls-postgres", "polls-redis", "polls-worker"]);
  });

  test("the page is the built one, and its assets are kept by browsers while it is not", async () => {
    const page = await get("polls");
    expect([page.status, page.headers["cache-control"]]).toEqual([200, "no-cache"]);
    const [, script = ""] = /src="(\/assets\/[^"]+\.js)"/.exec(page.body) ?? [];
    const asset = await get("polls", script);
    expect([asset.status, asset.headers["cache-control"]]).toEqual([200, "max-age=31536000,immutable"]);
    expect((await get("polls", "/some/where")).body).toBe(page.body);
    expect((await get("polls", "/assets/gone-AbCd1234.js")).status).toBe(404);
  });

  test("a vote goes from the API over Redis and the worker into PostgreSQL, and is counted once", async () => {
    const { status, json } = await postJson("/api/polls", { question: "Tea?", options: ["yes", "no"] });
    expect(status).toBe(201);
    const poll = json as { id: number; options: { id: number }[] };
    const vote = await postJson(`/api/polls/${poll.id}/votes`, { option_id: poll.options[0]?.id });
    expect([vote.status, vote.json]).toEqual([202, { id: expect.stringMatching(/^[0-9a-f-]{36}$/) }]);
    const counts = async () => {
      const now = JSON.parse((await get("polls", `/api/polls/${poll.id}`)).body) as { options: { votes: number }[] };
      return now.options.map(({ votes }) => votes);
    };
    expect(await until(async () => ((await counts())[0] ? await counts() : undefined), { timeoutMs: 60_000 })).toEqual([
      1, 0,
    ]);
    const sql = "SELECT count(*), count(DISTINCT id) FROM votes";
    expect(await there(`docker exec polls-postgres psql -U polls -Atc '${sql}' polls`)).toBe("1|1");
  });

  test("Redis asks for a password that no process list shows, and nobody runs as root but what begins so", async () => {
    expect(await there("docker exec polls-redis env REDISCLI_AUTH= redis-cli ping 2>&1 || true")).toContain("NOAUTH");
    const password = (await there("docker exec polls-redis printenv REDISCLI_AUTH")).trim();
    expect(await there("ps axww")).not.toContain(password);
    const users = await there(
      "for c in $(docker ps -q --filter label=dev.berth.role=service); do docker exec $c id -u; done | sort -u",
    );
    expect(users.split("\n")).not.toContain("0");
  });
});

test("site: plain pages, their own page for what there is not, and nothing of the repository beside them", async () => {
  await up("site");
  const statuses = async (...paths: string[]) =>
    Promise.all(paths.map(async (path) => (await get("site", path)).status));
  expect(await statuses("/", "/bread.html", "/opening/", "/style.css")).toEqual([200, 200, 200, 200]);
  const gone = await get("site", "/gone");
  expect([gone.status, gone.body]).toEqual([404, expect.stringContaining("Sold out")]);
  expect(await statuses("/Dockerfile", "/.git/config")).toEqual([404, 404]);
});

test("notes: one file, so that a release stops the old one first; the file outlives it", async () => {
  await up("notes");
  expect((await post("notes", "/notes", "text=milk", "application/x-www-form-urlencoded")).status).toBe(303);
  const args = ["--env", "TZ=Europe/Paris"];
  const again = await cli.up(folderOf("notes"), server, { domain: domainOf("notes"), args });
  expect(applied(done(again))).toContain("stack/start/notes");
  expect((await get("notes")).body).toContain("milk");
  const planned = await cli.plan(folderOf("notes"), server, { domain: domainOf("notes") });
  expect(planned.stdout).toContain('"stop-first"');
});

test("guestbook stands beside them", async () => {
  await up("guestbook");
  expect((await get("guestbook")).status).toBe(200);
});

test.each(examples)(
  "%s again, unchanged: no step is applied, and nothing of it was disturbed by the others",
  async (example) => {
    const before = await running(example);
    expect(applied(await up(example))).toEqual([]);
    expect(await running(example)).toEqual(before);
  },
);
