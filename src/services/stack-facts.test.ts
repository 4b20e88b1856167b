import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { plan } from "../stages/plan/plan-fixture.ts";
import { openStore } from "../store/open.ts";
import { putPlan } from "../store/plans.ts";
import { putStack } from "../store/stacks.ts";
import type { Store } from "../store/store.ts";
import type { Berth } from "./berth.ts";
import { listStacks, stackLine, stackStatus } from "./stack-facts.ts";

let home: string;
let store: Store;
let berth: Berth;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "berth-stacks-"));
  store = openStore(home);
  berth = { store } as Berth;
});
afterEach(() => {
  store.close();
  rmSync(home, { recursive: true });
});

const signal = new AbortController().signal;
const updated = "2026-01-01T00:00:00Z";

test("stacks as the state folder remembers them, with their addresses", () => {
  const hash = putPlan(store, { stack: "shop", serial: 0, plan, created: updated });
  putStack(store, { name: "shop", server: "s1", appliedPlan: hash, serial: 3, updated });
  putStack(store, { name: "old", server: "s1", appliedPlan: "f".repeat(64), serial: 1, updated });
  const shop = { name: "shop", server: "s1", plan: hash, serial: 3, addresses: ["https://shop.example.com"], updated };
  expect(listStacks(berth)).toEqual([{ ...shop, name: "old", plan: "f".repeat(64), serial: 1, addresses: [] }, shop]);
  expect(stackLine(berth, "shop")).toEqual(shop);
});

test("a stack that is not there names those that are", async () => {
  const words = (cause: unknown) => expect.objectContaining({ code: "no_such_stack", cause });
  expect(() => stackLine(berth, "blog")).toThrow(words("None was applied from here yet."));
  putStack(store, { name: "shop", server: "s1", appliedPlan: null, serial: 0, updated });
  expect(() => stackLine(berth, "blog")).toThrow(words(expect.stringContaining("shop")));
  await expect(stackStatus(berth, "blog\u001b[2J", signal)).rejects.toEqual(words(expect.stringContaining("shop")));
});

test("without the plan that it stands by there is nothing to compare a server with", async () => {
  for (const appliedPlan of [null, "f".repeat(64)]) {
    putStack(store, { name: "shop", server: "s1", appliedPlan, serial: 1, updated });
    await expect(stackStatus(berth, "shop", signal)).rejects.toMatchObject({ code: "plan_gone", object: "shop" });
  }
});
