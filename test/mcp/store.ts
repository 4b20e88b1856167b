import { openJournal } from "../../src/run/journal.ts";
import { openRun } from "../../src/run/runs.ts";
import { plan } from "../../src/stages/plan/plan-fixture.ts";
import { putPlan } from "../../src/store/plans.ts";
import { runStore } from "../../src/store/runs.ts";
import { putServer } from "../../src/store/servers.ts";
import { putStack } from "../../src/store/stacks.ts";
import type { Store } from "../../src/store/store.ts";

const now = () => new Date("2026-01-02T03:04:05Z");
const created = now().toISOString();

/** What a store holds after somebody deployed: a server, a stack, its plan and the run that applied it. */
export function filled(store: Store): { hash: string; run: string } {
  const hash = putPlan(store, { stack: "shop", serial: 0, plan, created });
  putServer(store, { name: "s1", target: "ssh://root@192.0.2.7", hostKey: "SHA256:x", facts: {}, updated: created });
  putStack(store, { name: "shop", server: "s1", appliedPlan: hash, serial: 1, updated: created });
  return { hash, run: runOf(store, hash) };
}

/** A run that nobody has taken yet. */
export function runOf(store: Store, hash: string): string {
  const operation = { kind: "plan", plan: hash, stack: "shop" };
  const asked = { stack: "shop", operation, grant: null, parts: ["deploy"], calls: [], version: "0.0.1" };
  return openRun(runStore(store), asked, now).id;
}

export function endRun(store: Store, run: string): void {
  openJournal(runStore(store), run, 0, now).append({ event: "ended", state: "done" });
}
