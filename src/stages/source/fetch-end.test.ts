import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { until } from "../../kit/wait.ts";
import { gitFixture, gitHttpBackend, listening, portOf, processesIn } from "./git-fixture.ts";

// Half a dozen processes of git a test, on a machine that others use too.
vi.setConfig({ testTimeout: 30_000 });

const fixture = gitFixture();
let server: Server;
/** What worked on the fetch when the server fell silent. */
let working: string[] = [];
let whenSilent: () => void = () => undefined;

/** /hangs/… is never answered; of the pack that /stalls/… asks for come two of three megabytes. */
const listener: RequestListener = async (request, response) => {
  const [, manner, ...rest] = new URL(request.url ?? "/", "http://localhost").pathname.split("/");
  if (manner === "stalls") {
    const { status, headers, body } = await gitHttpBackend(fixture, request, `/${rest.join("/")}`);
    response.writeHead(status, headers);
    if (body.length < 2e6) return void response.end(body);
    response.write(body.subarray(0, 100_000));
    await until(async () => processesIn(fixture.kept).find((command) => /index-pack/.test(command)), {
      timeoutMs: 10_000,
      everyMs: 20,
    });
    response.write(body.subarray(100_000, 2e6));
  }
  working = processesIn(fixture.kept);
  whenSilent();
};

beforeAll(async () => {
  server = await listening(createServer(listener));
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
  fixture.remove();
});
afterEach(() => {
  fixture.forget();
  working = [];
  whenSilent = () => undefined;
});

const url = (path: string) => `http://localhost:${portOf(server)}${path}`;

/** A search path with git and one more program: what a machine without the other ones has. */
function pathWith(...programs: string[]) {
  const dir = join(fixture.root, programs.join("-"));
  mkdirSync(dir, { recursive: true });
  for (const program of ["git", ...programs]) {
    const path = execFileSync("sh", ["-c", 'command -v "$0"', program], { encoding: "utf8" }).trim();
    symlinkSync(path, join(dir, program));
  }
  return dir;
}

test.each(["setsid", "perl"])("a timeout ends git and what git started, by %s", async (program) => {
  const fetching = fixture.fetch(url("/hangs/app.git"), { timeoutMs: 1500, searchPath: pathWith(program) });
  await expect(fetching).rejects.toMatchObject({ code: "timeout", object: url("/hangs/app.git") });
  expect(working).toContainEqual(expect.stringContaining("git-remote-http"));
  expect(processesIn(fixture.kept)).toEqual([]);
  expect(readdirSync(fixture.kept)).toEqual([]);
});

test("so does an abort, with its own reason", async () => {
  const abort = new AbortController();
  whenSilent = () => abort.abort(new Error("enough"));
  await expect(fixture.fetch(url("/hangs/app.git"), { signal: abort.signal })).rejects.toThrow("enough");
  expect(working).toContainEqual(expect.stringContaining("git-remote-http"));
  expect(processesIn(fixture.kept)).toEqual([]);
});

test("so does a pack that grows over the limit, and nothing of it stays", async () => {
  const fetching = fixture.fetch(url("/stalls/app.git"), { maxBytes: 1e6 });
  await expect(fetching).rejects.toMatchObject({ code: "too_large", cause: "More than 1 MB came." });
  expect(working).toContainEqual(expect.stringContaining("index-pack"));
  expect(processesIn(fixture.kept)).toEqual([]);
  expect(readdirSync(fixture.kept)).toEqual([]);
});

test("without a program that makes a process group, git is not started", async () => {
  const fetching = fixture.fetch(url("/hangs/app.git"), { searchPath: pathWith() });
  await expect(fetching).rejects.toMatchObject({ code: "program_missing", cause: expect.stringContaining("perl") });
  expect(working).toEqual([]);
});
