import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { analysisOf, putAnalysis } from "./analyses.ts";
import { openStore } from "./open.ts";
import { planOf, plansOf, putPlan } from "./plans.ts";
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
  const put = (i: number) => putPlan(store, { stack: "shop", serial: i, plan: { i }, created: at });
  const [first, second] = [put(1), put(2)];
  expect(put(1)).toBe(first);
  expect(plansOf(store, "shop").map(({ hash }) => hash)).toEqual([second, first]);
  for (const hash of ["%", "________", first.slice(0, 7), `${first}0`, ""]) expect(planOf(store, hash)).toBeUndefined();
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
