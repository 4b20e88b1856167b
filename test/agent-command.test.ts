import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { type MessagesApi, reply, startMessagesApi, type Turns, use } from "../evals/messages-api.ts";

// `berth agent` as a process of its own, over the real server and an empty state folder, without a terminal.

// Each starts a command line and a server below it.
vi.setConfig({ testTimeout: 60_000 });

const program = join(import.meta.dirname, "../src/cli.ts");
let api: MessagesApi | undefined;
afterEach(async () => {
  await api?.stop();
  api = undefined;
});

const folder = () => mkdtempSync(join(tmpdir(), "berth-agent-"));

function start(args: string[], env: NodeJS.ProcessEnv, cwd = folder()): ChildProcessWithoutNullStreams {
  const own = Object.entries(process.env).filter(([name]) => !/^(BERTH|ANTHROPIC)_/.test(name));
  const child = spawn(process.execPath, [program, "agent", ...args], {
    cwd,
    env: { ...Object.fromEntries(own), ...env },
  });
  child.stdin.end();
  return child;
}

async function ended(child: ChildProcessWithoutNullStreams) {
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

async function environment(turns: Turns, home = folder()): Promise<NodeJS.ProcessEnv> {
  api = await startMessagesApi(turns);
  return { BERTH_HOME: home, ANTHROPIC_API_KEY: api.key, ANTHROPIC_BASE_URL: api.url };
}

test("without a key it says what to set, and the way that needs none", async () => {
  const { code, stderr } = await ended(start(["hello"], { BERTH_HOME: folder() }));
  expect(code).toBe(1);
  expect(stderr).toContain("(api_key_missing)");
  expect(stderr).toContain("berth up SOURCE --server S --domain D");
});

test("without a message and without a terminal there is nothing to do", async () => {
  const { code, stderr } = await ended(start([], await environment([])));
  expect(code).toBe(2);
  expect(stderr).toContain("Nothing was said");
});

test.each([
  ["--max-turns", "0"],
  ["--max-cost", "much"],
])("%s %s is no limit", async (...option) => {
  const { code } = await ended(start(["hello", ...option], await environment([])));
  expect(code).toBe(2);
});

test("the model uses Berth's own tools, and the transcript lies in the state folder", async () => {
  const home = folder();
  const env = await environment(
    [reply("I look at what runs.", use("get_run", {})), reply("", use("get_status", {})), reply("Nothing runs yet.")],
    home,
  );
  const { code, stdout, stderr } = await ended(start(["what runs?"], env));
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("3 requests to the model") });
  expect(stdout).toBe("I look at what runs.\nNothing runs yet.\n");
  expect(stderr).toMatch(/^ {2}get_run\n {2}get_status\n/);
  expect(api?.refused).toEqual([]);
  const results = JSON.stringify(api?.requests.at(-1)?.messages);
  expect(results).toContain("There is no run yet");
  const [file = ""] = readdirSync(join(home, "agent"));
  expect(readFileSync(join(home, "agent", file), "utf8")).toContain('"kind":"end"');
});

test("with --json the last line of stdout is the end, and all else is on stderr", async () => {
  const { code, stdout, stderr } = await ended(start(["hello", "--json"], await environment([reply("Hello\nthere.")])));
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ reason: "answered", turns: 1, answer: "Hello\nthere." });
  expect(stderr).toContain("Hello\nthere.\n");
});

test("what hides in a repository or in the model's words reaches the terminal as plain text", async () => {
  const cwd = folder();
  mkdirSync(join(cwd, "app"));
  writeFileSync(join(cwd, "app/package.json"), '{"name":"app","scripts":{"start":"node \\u001b]0;owned\\u0007 x.js"}}');
  writeFileSync(join(cwd, "app/x.js"), "");
  const hostile = "\u001b[2J\u001b]52;c;ZXZpbA==\u0007\u202eDone\u009b1m";
  const turns = [
    reply("", use("analyze_repo", { source: `./app` })),
    reply(hostile, use("get_run", { run: `run_${hostile}` }), use("ask_person", { question: hostile })),
    reply("Bye."),
  ];
  const { stdout, stderr } = await ended(start([`look at ./app`], await environment(turns), cwd));
  expect(stdout).toContain("\\u{1b}[2J");
  const controls = /(?!\n)[\p{Cc}\p{Cf}]/u;
  expect(stdout).not.toMatch(controls);
  expect(stderr).not.toMatch(controls);
});

test("the server gets the person's environment without the model's key; an interrupt ends both", async () => {
  const env = await environment([{ stalls: "I think" }]);
  const child = start(["hello"], { ...env, ANTHROPIC_AUTH_TOKEN: "other", BERTH_ACME_EMAIL: "me@example.test" });
  const said = ended(child);
  await once(child.stdout, "data");
  const [server = ""] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ");
  const given = readFileSync(`/proc/${server}/environ`, "utf8").split("\0");
  expect(readFileSync(`/proc/${server}/cmdline`, "utf8")).toContain("serve");
  expect(given).toContain("BERTH_ACME_EMAIL=me@example.test");
  expect(given.filter((entry) => entry.startsWith("ANTHROPIC_"))).toEqual([]);
  child.kill("SIGINT");
  expect((await said).code).toBe(1);
  expect(() => process.kill(Number(server), 0)).toThrow();
});
