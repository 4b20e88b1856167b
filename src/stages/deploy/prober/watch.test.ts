import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { until } from "../../../kit/wait.ts";
import type { StageContext } from "../../context.ts";
import { type Made, makeKeys, serveHttps } from "./https-fixture.ts";
import { watchVisitors } from "./watch.ts";

// Where many things run at once, a second of requests may take several.
vi.setConfig({ testTimeout: 60_000 });

let keys: Made;
let runDir: string;
const closing: (() => void)[] = [];
beforeEach(() => {
  keys = makeKeys(["shop.example.com", "www.example.com"]);
  runDir = mkdtempSync(join(tmpdir(), "berth-watch-"));
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
  rmSync(runDir, { recursive: true });
});

const context = (): StageContext =>
  ({
    ...{ runDir, trustedRoots: [keys.authority], version: "0.0.1" },
    beside: (_what: string, begin: () => Promise<unknown>) => begin(),
  }) as unknown as StageContext;

const lines = () =>
  readFileSync(join(runDir, "requests.jsonl"), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { host: string; status: number; at: string });
const counted = (enough: number) =>
  until(async () => (lines().length >= enough ? true : undefined), { timeoutMs: 25_000 });

async function serve(answer: () => number, bytes = 2) {
  const { port, close } = await serveHttps(keys, (_request, response) => {
    response.statusCode = answer();
    response.end("x".repeat(bytes));
  });
  closing.push(close);
  return port;
}

test("what was answered well before is asked by turns, and each request stands in the run's folder", async () => {
  const port = await serve(() => 200);
  const checks = [
    { host: "shop.example.com", route: "/", path: "/health", success: true },
    { host: "other.example.com", route: "/", path: "/", success: true },
    { host: "www.example.com", route: "/", path: "/", success: false },
  ];
  const watch = await watchVisitors({ server: "127.0.0.1", checks }, context(), port);
  await counted(4);
  watch?.switched(true);
  await counted(8);
  const figures = await watch?.end();
  expect(figures).toMatchObject({ failed: 0, sent: lines().length, switched: expect.any(Number) });
  // Whose certificate is another's was not answered before, so nothing can be lost there.
  expect(
    lines()
      .map(({ host }) => host)
      .slice(0, 4)
      .sort(),
  ).toEqual([...["shop.example.com", "shop.example.com", "www.example.com", "www.example.com"]]);
  expect(lines()[0]).toMatchObject({ status: 200, at: expect.stringMatching(/^\d{4}-.*Z$/) });
});

test("nothing is asked where nothing was answered well: a first release, or one that was down", async () => {
  const checks = [{ host: "shop.example.com", route: "/", path: "/health", success: true }];
  const port = await serve(() => 503);
  expect(await watchVisitors({ server: "127.0.0.1", checks }, context(), port)).toBeUndefined();
  closing.splice(0)[0]?.();
  expect(await watchVisitors({ server: "127.0.0.1", checks }, context(), port)).toBeUndefined();
  expect(await watchVisitors({ server: "127.0.0.1", checks: [] }, context(), port)).toBeUndefined();
});

test("what always answers 401 goes on to be well; what begins to answer 404 has failed", async () => {
  let asked = 0;
  const port = await serve(() => (asked++ < 5 ? 401 : 404));
  const checks = [{ host: "shop.example.com", route: "/", path: "/", success: false }];
  const watch = await watchVisitors({ server: "127.0.0.1", checks }, context(), port);
  await counted(8);
  const figures = await watch?.end();
  expect(figures).toMatchObject({ failed: (figures?.sent ?? 0) - 4, failures: { "HTTP 404": figures?.failed } });
});

test("a large page is asked less often: what watches must not fill the line", async () => {
  const port = await serve(() => 200, 1_000_000);
  const watch = await watchVisitors(
    { server: "127.0.0.1", checks: [{ host: "shop.example.com", route: "/", path: "/", success: false }] },
    context(),
    port,
  );
  await counted(2);
  const { sent, missed, lasted } = (await watch?.end()) ?? { sent: 0, missed: 0, lasted: 0 };
  expect(sent + missed).toBeLessThanOrEqual(lasted / 1000 + 2);
});

test("a folder that cannot be written loses the list and nothing else", async () => {
  const port = await serve(() => 200);
  const checks = [{ host: "shop.example.com", route: "/", path: "/", success: true }];
  const nowhere = { ...context(), runDir: join(runDir, "not-there") };
  const watch = await watchVisitors({ server: "127.0.0.1", checks }, nowhere, port);
  expect((await watch?.end())?.sent).toBeGreaterThan(0);
});
