import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { analysesOf, analysisLines, analysisOf, putAnalysis } from "./analyses.ts";
import { openStore } from "./open.ts";
import { planBefore, planLines, planOf, putPlan } from "./plans.ts";
import { runStore, runs } from "./runs.ts";
import { putServer, removeServer, serverOf, servers } from "./servers.ts";
import { putStack, removeStack, stackOf, stacks } from "./stacks.ts";
import type { Store } from "./store.ts";

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-tables-"));
  store = openStore(folder);
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

const at = "2026-11-23T12:00:00.000Z";

test("an analysis comes back as it was put, and is replaced under its id", () => {
  const resolved = { dir: "/sources/shop" };
  const analysis = { id: "analysis_1", source: "./shop", analysis: { services: ["web"] }, created: at, resolved };
  putAnalysis(store, analysis);
  expect(analysisOf(store, "analysis_1")).toEqual(analysis);
  putAnalysis(store, { ...analysis, analysis: { services: [] } });
  expect(analysisOf(store, "analysis_1")?.analysis).toEqual({ services: [] });
  expect(analysisOf(store, "analysis_2")).toBeUndefined();
});

test("analyses are listed newest first, and found by what a build sees; one whose content lies nowhere is neither", () => {
  const put = (id: string, resolved: unknown) =>
    putAnalysis(store, { id, source: ".", analysis: {}, created: at, resolved });
  put("analysis_1", { name: "shop", contentHash: "aa" });
  put("analysis_2", { name: "blog", contentHash: "aa" });
  put("analysis_3", { name: "shop", contentHash: "aa" });
  put("analysis_4", null);
  expect(analysisLines(store, 2).map(({ id }) => id)).toEqual(["analysis_3", "analysis_2"]);
  const found = (name: string, contentHash: string) => analysesOf(store, { name, contentHash }).map(({ id }) => id);
  expect(found("shop", "aa")).toEqual(["analysis_3", "analysis_1"]);
  expect(found("shop", "bb")).toEqual([]);
});

test("a server comes back with its pinned key", () => {
  const server = {
    name: "web-1",
    target: "ssh://root@192.0.2.1",
    hostKey: "SHA256:abc",
    facts: { cpus: 2 },
    updated: at,
  };
  putServer(store, server);
  putServer(store, { ...server, name: "db-1", hostKey: null });
  expect(serverOf(store, "web-1")).toEqual(server);
  expect(servers(store).map(({ name, hostKey }) => [name, hostKey])).toEqual([
    ["db-1", null],
    ["web-1", "SHA256:abc"],
  ]);
  removeServer(store, "web-1");
  expect(serverOf(store, "web-1")).toBeUndefined();
});

test("a stack comes back with what was applied to it", () => {
  const stack = { name: "shop", server: "web-1", appliedPlan: null, serial: 0, updated: at };
  putStack(store, stack);
  putStack(store, { ...stack, appliedPlan: "abc", serial: 1 });
  expect(stackOf(store, "shop")).toEqual({ ...stack, appliedPlan: "abc", serial: 1 });
  expect(stacks(store)).toHaveLength(1);
  removeStack(store, "shop");
  expect(stackOf(store, "shop")).toBeUndefined();
});

test("plans are found by stack, newest first, and by a hash that is not a pattern", () => {
  const put = (i: number, stack = "shop") => putPlan(store, { stack, serial: i, plan: { i }, created: at });
  const [first, second, other] = [put(1), put(2), put(3, "blog")];
  expect(put(1)).toBe(first);
  const hashes = (stack?: string, most = 9) => planLines(store, { stack, most }).map(({ hash }) => hash);
  expect(hashes("shop")).toEqual([second, first]);
  expect(hashes()).toEqual([other, second, first]);
  expect(hashes(undefined, 1)).toEqual([other]);
  for (const hash of ["%", "________", first.slice(0, 7), `${first}0`, ""]) expect(planOf(store, hash)).toBeUndefined();
});

test("a plan that is made again is the newest again, and the one before it is another one of its stack", () => {
  const put = (i: number, created: string, stack = "shop") =>
    putPlan(store, { stack, serial: 0, plan: { i }, created });
  const before = (hash: string) => planBefore(store, { stack: "shop", hash })?.hash;
  const first = put(1, "2026-01-01");
  put(2, "2026-01-02", "blog");
  const third = put(3, "2026-01-03");
  expect([before(first), before(third)]).toEqual([undefined, first]);
  put(1, "2026-01-04");
  expect([before(first), before(third)]).toEqual([third, undefined]);
});

test("runs are listed newest first, of one stack or of all", () => {
  const add = (id: string, stack: string | null) =>
    runStore(store).addRun({
      id,
      stack,
      operation: {},
      grant: null,
      parts: [],
      calls: [],
      version: "0.1.0",
      created: at,
    });
  add("run_1", "shop");
  add("run_2", null);
  add("run_3", "shop");
  expect(runs(store).map(({ id }) => id)).toEqual(["run_3", "run_2", "run_1"]);
  expect(runs(store, { stack: "shop", limit: 1 }).map(({ id }) => id)).toEqual(["run_3"]);
});
