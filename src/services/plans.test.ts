import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { analysis, planInput } from "../stages/plan/fixture.ts";
import { makePlan, planHash } from "../stages/plan/make.ts";
import type { Plan } from "../stages/plan/schema.ts";
import { putAnalysis } from "../store/analyses.ts";
import { putPlan } from "../store/plans.ts";
import { putServer } from "../store/servers.ts";
import { putStack } from "../store/stacks.ts";
import { openedBerth } from "./fixture.ts";
import { plansOf } from "./plans.ts";
import type { PlanWanted } from "./surface.ts";

let berth: ReturnType<typeof openedBerth>;
beforeEach(() => {
  berth = openedBerth();
});
afterEach(() => berth.remove());

const never = new AbortController().signal;
const wished = (memoryMegabytes: number, stack?: string): Plan =>
  makePlan(
    planInput({
      wishes: { domain: "shop.example.com", env: {}, memoryMegabytes, ...(stack !== undefined && { stack }) },
    }),
  );
const [small, middle, large] = [wished(256), wished(512), wished(1024)];
let minute = 0;
const put = (plan: Plan) =>
  putPlan(berth.store, { stack: plan.stack, serial: 0, plan, created: `2026-01-01T00:${10 + minute++}:00.000Z` });
const get = (plan: Plan) => plansOf(berth, { cwd: "/", git: {} }).get(planHash(plan));
const memory = (from: number, to: number) => ({ path: "services.web.memoryMegabytes", from, to });

test("a plan is found by its hash or the beginning of it, as data and as text", () => {
  const hash = put(small);
  for (const wanted of [hash, hash.slice(0, 8)]) {
    const record = plansOf(berth, { cwd: "/", git: {} }).get(wanted);
    expect(record).toMatchObject({ hash, stack: small.stack, plan: small, sinceLast: null, sinceApplied: null });
    expect(record.text).toContain("https://shop.example.com");
  }
  for (const wanted of [hash.slice(0, 7), "0".repeat(64), "", "%%%%%%%%"])
    expect(() => plansOf(berth, { cwd: "/", git: {} }).get(wanted)).toThrow(
      expect.objectContaining({ code: "no_such_plan" }),
    );
});

test("a plan is compared with the one before it, and one that comes back with what came between", () => {
  for (const plan of [small, wished(2048, "other"), middle]) put(plan);
  expect(get(small).sinceLast).toBeNull();
  expect(get(middle).sinceLast).toEqual({ against: planHash(small), changes: [memory(256, 512)] });
  put(small);
  expect(get(small).sinceLast).toEqual({ against: planHash(middle), changes: [memory(512, 256)] });
});

test("a plan is compared with what stands, which may be itself or unknown here", () => {
  for (const plan of [small, middle, large]) put(plan);
  const stand = (appliedPlan: string | null) =>
    putStack(berth.store, { name: small.stack, server: "shop", appliedPlan, serial: 1, updated: "" });
  stand(planHash(small));
  expect(get(large).sinceApplied).toEqual({ against: planHash(small), changes: [memory(256, 1024)] });
  expect(get(large).sinceLast?.against).toBe(planHash(middle));
  expect(get(small).sinceApplied).toEqual({ against: planHash(small), changes: [] });
  for (const unknown of [null, "f".repeat(64)]) {
    stand(unknown);
    expect(get(large).sinceApplied).toBeNull();
  }
});

test("plans are listed newest first, of one stack or of all, fifty of them", () => {
  for (const plan of [small, wished(512, "other"), large]) put(plan);
  const { list } = plansOf(berth, { cwd: "/", git: {} });
  expect(list(small.stack).map(({ hash }) => hash)).toEqual([planHash(large), planHash(small)]);
  expect(list().map(({ stack }) => stack)).toEqual([small.stack, "other", small.stack]);
  expect(list("none")).toEqual([]);
  for (let n = 0; n < 60; n++) putPlan(berth.store, { stack: "many", serial: 0, plan: { n }, created: "2025" });
  expect(list()).toHaveLength(50);
});

test("a plan that somebody changed in the store is none", () => {
  put(small);
  berth.store.run("UPDATE plans SET plan = replace(plan, '256', '9999')");
  expect(() => get(small)).toThrow(expect.objectContaining({ code: "store_damaged" }));
});

const propose = (from: PlanWanted["from"], signal = never) =>
  plansOf(berth, { cwd: "/", git: {} }).propose({ from, wishes: { env: {} }, updateImages: false }, signal);

test("a proposal says what is missing before it looks for a server", async () => {
  const place = { dir: join(berth.config.home, "sources/folder-1"), kind: "folder", address: "/shop", revision: "r" };
  const source = { contentHash: "a".repeat(64), name: "shop" };
  const id = "analysis_1";
  putAnalysis(berth.store, { id, source: "/shop", analysis, created: "", resolved: { ...place, ...source } });
  await expect(propose({ analysis: "analysis_2", server: "s1" })).rejects.toMatchObject({ code: "no_such_analysis" });
  await expect(propose({ analysis: id, server: "s1" })).rejects.toMatchObject({ code: "source_gone", object: id });
  await expect(propose({ plan: "0".repeat(64) })).rejects.toMatchObject({ code: "no_such_plan" });
  await expect(propose({ plan: put(small) })).rejects.toMatchObject({ code: "source_gone" });
});

test("a server that cannot be reached is named, and who leaves meanwhile has left", async () => {
  const dir = join(berth.config.home, "sources/folder-1");
  mkdirSync(dir, { recursive: true });
  const place = { dir, kind: "folder", address: "/shop", revision: "r", contentHash: "a".repeat(64), name: "shop" };
  putAnalysis(berth.store, { id: "analysis_1", source: "/shop", analysis, created: "", resolved: place });
  const closed = "ssh://root@127.0.0.1:1";
  await expect(propose({ analysis: "analysis_1", server: closed })).rejects.toMatchObject({ code: "host_unreachable" });
  putServer(berth.store, { name: "gone", target: closed, hostKey: null, facts: {}, updated: "" });
  const left = AbortSignal.abort(new Error("left"));
  await expect(propose({ analysis: "analysis_1", server: "gone" }, left)).rejects.toThrow("left");
  expect(plansOf(berth, { cwd: "/", git: {} }).list()).toEqual([]);
});
