import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { setName } from "../../lab/dns.ts";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { until } from "../../src/kit/wait.ts";
import { ask, type Cli, failureIn, openCli, testLab, type UpOptions } from "../e2e/berth.ts";
import { servingDomain, servingServer } from "../e2e/servers.ts";
import { makeTiny, says, type Tiny, type Version } from "../e2e/tiny.ts";

// New versions that fail, each in its way, beside a guestbook: what served before serves after each of them.
const lab = testLab();
const name = "failing";
const containing = (text: string) => expect.stringContaining(text);
let server: Server;
let cli: Cli;
let tiny: Tiny;

const there = (...command: string[]) => inServer(lab, server.name, ...command);
const statusOf = async (domain: string) => (await ask(lab, server, { domain })).status;

/** What `up` of a version says that must fail. */
async function failureOf(version: Version, options: UpOptions = {}) {
  await tiny.write(version);
  const ended = await cli.up(tiny.folder, server, options);
  expect(ended.code).toBe(1);
  return failureIn(ended);
}

async function post(message: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ name: "Ann", message });
  const asked = { domain: servingDomain, method: "POST", path: "/api/entries", headers, body };
  expect((await ask(lab, server, asked)).status).toBe(201);
}

beforeAll(async () => {
  server = await servingServer(lab, name);
  cli = await openCli(lab);
  tiny = await makeTiny("tiny");
  const up = async () => ((await statusOf(servingDomain).catch(() => 0)) === 200 ? true : undefined);
  expect(await until(up, { timeoutMs: 60_000 })).toBe(true);
  await post("before all of it");
  await tiny.write({ handler: says("the first version") });
  const first = await cli.up(tiny.folder, server, { args: ["--health-path", "/healthz"] });
  expect(first.stderr).toContain("is applied");
});
afterAll(async () => {
  await removeServer(lab, name);
  await cli.close();
  await tiny.remove();
});
afterEach(async () => {
  const { status, body } = await ask(lab, server);
  expect({ status, body }).toEqual({ status: 200, body: "the first version" });
  expect(await statusOf(servingDomain)).toBe(200);
});

describe("on the machine that builds, before the server hears of it", () => {
  const running = () => there("docker", "ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}}");
  let before: string;
  beforeAll(async () => {
    before = await running();
  });
  afterEach(async () => {
    expect(await running()).toBe(before);
  });

  test("a build that fails: its line, and what it printed", async () => {
    const failure = await failureOf({
      handler: says("two"),
      scripts: { build: "node build.js" },
      files: { "build.js": `throw new Error("no such colour: octarine");` },
    });
    const { stdout } = await cli.plan(tiny.folder, server);
    const { dockerfile, repository, tag } = JSON.parse(stdout).plan.images[0];
    const line = dockerfile.split("\n").findIndex((text: string) => text.includes("npm run build"));
    expect(failure).toMatchObject({
      code: "build_failed",
      message: containing(`it failed at Dockerfile line ${line + 1}, RUN`),
      object: `${repository}:${tag}`,
      cause: containing("no such colour: octarine"),
      next: containing("run the command again"),
    });
    expect(failure["message"]).toContain("npm run build");
  });

  test("it crashes: its last words", async () => {
    const listen = `if (port > 0) throw new Error("the settings are gone");\nserver.listen(port);`;
    expect(await failureOf({ handler: says("two"), listen })).toMatchObject({
      code: "app_crashed",
      message: "tiny ended with code 1 before it listened on port 3000.",
      object: "tiny",
      cause: containing("the settings are gone"),
      next: containing("Correct what its last lines name, then run the command again."),
    });
  });

  test("it listens on another port", async () => {
    expect(await failureOf({ handler: says("two"), listen: "server.listen(port + 1);" })).toMatchObject({
      code: "listens_elsewhere",
      message: "tiny does not listen on port 3000, but on 3001.",
      object: "tiny",
      cause: containing("The plan expects port 3000"),
      next: containing("the port that PORT names"),
    });
  });

  test("it listens on 127.0.0.1 only", async () => {
    expect(await failureOf({ handler: says("two"), listen: `server.listen(port, "127.0.0.1");` })).toMatchObject({
      code: "listens_on_loopback",
      message: "tiny listens on 127.0.0.1 only, so nothing outside its container reaches it.",
      object: "tiny",
      cause: containing("Port 3000"),
      next: containing("0.0.0.0"),
    });
  });
});

describe("on the server, beside the version that serves", () => {
  test("it crashes with the key that only the server has: its log is kept under the name that is given", async () => {
    const secret = ["PAYMENT_API_KEY", "--stack", "tiny"];
    await cli.run(["secrets", "set", ...secret], { input: "run-out" });
    const listen = `if (process.env.PAYMENT_API_KEY === "run-out") throw new Error("the key has run out");\nserver.listen(port);`;
    const failure = await failureOf({ handler: says("two"), listen });
    await cli.run(["secrets", "remove", ...secret]);
    expect(failure).toMatchObject({
      code: "app_crashed",
      message: "The application ended with exit code 1 before it was healthy.",
      object: expect.stringMatching(/^tiny-/),
      cause: containing("the key has run out"),
      next: containing("docker logs "),
    });
    const [, kept = ""] = /docker logs (\S+)/.exec(String(failure["next"])) ?? [];
    expect(await there("sh", "-c", `docker logs ${kept} 2>&1`)).toContain("the key has run out");
  });

  test("it answers 500 on its health path", async () => {
    const handler = `response.statusCode = request.url === "/healthz" ? 500 : 200; response.end("the shelf is empty");`;
    expect(await failureOf({ handler }, { args: ["--health-timeout", "10"] })).toMatchObject({
      code: "health_status",
      message: "/healthz answers 500, and 200 to 299 is healthy.",
      object: expect.stringMatching(/^tiny-/),
      cause: containing("It says: the shelf is empty"),
      next: containing("--health-path PATH"),
    });
  });

  test("it redirects in a circle", async () => {
    const handler = `response.writeHead(302, { location: request.url === "/login" ? "/healthz" : "/login" }).end();`;
    expect(await failureOf({ handler })).toMatchObject({
      code: "redirect_loop",
      message: "/healthz redirects without end.",
      object: expect.stringMatching(/^tiny-/),
      cause: containing("/login → /healthz → /login → /healthz → …"),
      next: containing("X-Forwarded-Proto"),
    });
  });

  test("its migration fails: what it printed, and how to run it again", async () => {
    const failure = await failureOf({
      handler: says("two"),
      scripts: { migrate: "node migrate.js" },
      files: { "migrate.js": `throw new Error("the column is there already");` },
    });
    expect(failure).toMatchObject({
      code: "migration_failed",
      message: "The release command ended with exit code 1. The version before serves on.",
      object: expect.stringMatching(/^tiny-/),
      cause: containing("the column is there already"),
      next: containing("berth up"),
    });
    const [, record = ""] = /ssh -p 22 root@\S+ '?rm ([^',]+)/.exec(String(failure["next"])) ?? [];
    expect(await there("cat", record)).toMatch(/"exitCode":\s*1\b/);
  });

  test("its certificate is refused: the authority's words, and which name to mend", async () => {
    const domain = "nowhere.example.test";
    await setName(lab, domain, []);
    expect(await failureOf({ handler: says("two") }, { domain })).toMatchObject({
      code: "certificate_refused",
      message: `There is no certificate for ${domain}. What served before serves on.`,
      object: domain,
      cause: containing("The authority answered the proxy: "),
      next: containing(`the A and AAAA records of ${domain} are this server's`),
    });
  });
});

test("the server shows another host key than the one that was pinned", async () => {
  const { pinned } = await pinnedKey();
  await there(
    "sh",
    "-ec",
    "rm /etc/ssh/ssh_host_*; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key; systemctl restart ssh",
  );
  const fresh = (await there("ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub")).split(" ")[1] ?? "";
  const failure = await failureOf({ handler: says("two") });
  expect(failure).toMatchObject({
    code: "host_key_changed",
    object: `${server.address}:22`,
    cause: containing(`Known is ${pinned}; it shows ${fresh} (ssh-ed25519).`),
    next: containing(`berth servers remove ${server.address}`),
  });
  const [, forget = ""] = /\(berth ([^)]+)\)/.exec(String(failure["next"])) ?? [];
  expect((await cli.run(forget.split(" "))).code).toBe(0);
  await tiny.write({ handler: says("the first version") });
  expect((await cli.up(tiny.folder, server)).stderr).toContain("is applied");
  expect((await pinnedKey()).pinned).toBe(fresh);
});

async function pinnedKey(): Promise<{ pinned: string }> {
  const { stdout } = await cli.run(["servers", "list", "--json"]);
  const known = JSON.parse(stdout) as { name: string; hostKey: string }[];
  return { pinned: known.find(({ name: one }) => one === server.address)?.hostKey ?? "" };
}

test("after all of it the guestbook has its entry", async () => {
  const { body } = await ask(lab, server, { domain: servingDomain, path: "/api/entries" });
  const { entries } = JSON.parse(body) as { entries: { message: string }[] };
  expect(entries.map(({ message }) => message)).toContain("before all of it");
});
