import { afterEach, beforeEach, expect, test } from "vitest";
import { openJournal } from "../run/journal.ts";
import { takeLease } from "../run/lease.ts";
import { openRun } from "../run/runs.ts";
import { plan } from "../stages/plan/plan-fixture.ts";
import type { Plan } from "../stages/plan/schema.ts";
import { putPlan } from "../store/plans.ts";
import { runStore } from "../store/runs.ts";
import { putStack } from "../store/stacks.ts";
import { comparedWith } from "./compared.ts";
import { openedBerth } from "./fixture.ts";

let berth: ReturnType<typeof openedBerth>;
beforeEach(() => {
  berth = openedBerth();
});
afterEach(() => berth.remove());

const small: Plan = { ...plan, services: plan.services.map((one) => ({ ...one, memoryMegabytes: 128 })) };
const stored = (of: Plan) => ({
  plan: of,
  hash: putPlan(berth.store, { stack: "shop", serial: 0, plan: of, created: "" }),
});

/** Applies a plan whole, as far as the state folder knows, for the n-th time. */
function applied(of: Plan, serial: number, day: string) {
  const { store } = berth;
  const runs = runStore(store);
  const { hash } = stored(of);
  const operation = { kind: "plan", plan: hash, stack: "shop" };
  const asked = { stack: "shop", operation, grant: null, parts: ["deploy"], calls: [], version: "0.1.0" };
  const { id } = openRun(runs, asked, () => new Date(day));
  const lease = takeLease(runs, id, berth.machine);
  openJournal(runs, id, lease.fence, () => new Date(day)).append({ event: "ended", state: "done" });
  lease.release();
  putStack(store, { name: "shop", server: plan.server.name, appliedPlan: hash, serial, updated: day });
}

test("a plan that is applied again after another one goes back, and says to when", () => {
  applied(small, 1, "2026-11-20T08:00:00Z");
  applied(plan, 2, "2026-11-21T08:00:00Z");
  expect(comparedWith(berth, stored(small), 2)).toEqual({ ...stored(plan), appliedOn: "2026-11-20" });
});

test("a new plan, and the one that stands, go nowhere back", () => {
  applied(plan, 1, "2026-11-21T08:00:00Z");
  for (const chosen of [stored(small), stored(plan)])
    expect(comparedWith(berth, chosen, 1)).toEqual({ ...stored(plan), appliedOn: undefined });
});

test("nothing is compared with what the state folder does not know to stand", () => {
  expect(comparedWith(berth, stored(plan), 0)).toBeUndefined();
  applied(plan, 1, "2026-11-21T08:00:00Z");
  expect(comparedWith(berth, stored(small), 0)).toBeUndefined();
  expect(comparedWith(berth, stored(small), 2)).toBeUndefined();
  const elsewhere = { ...small, server: { ...plan.server, name: "other" } };
  expect(comparedWith(berth, stored(elsewhere), 1)).toBeUndefined();
});
