import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { commandLine } from "../src/cli/commands.ts";
import type { Terminal } from "../src/cli/terminal.ts";
import { openedBerth } from "../src/services/fixture.ts";
import { planInput } from "../src/stages/plan/fixture.ts";
import { makePlan, planHash } from "../src/stages/plan/make.ts";
import { putAnalysis } from "../src/store/analyses.ts";
import { putPlan } from "../src/store/plans.ts";
import { putStack } from "../src/store/stacks.ts";

let berth: ReturnType<typeof openedBerth>;
beforeEach(() => {
  berth = openedBerth();
});
afterEach(() => berth.remove());

const mute: Terminal = {
  say: () => undefined,
  note: () => undefined,
  write: () => undefined,
  drained: async () => undefined,
  live: false,
  json: false,
  ask: async () => undefined,
  onInterrupt: () => () => undefined,
};

const typed = (...words: string[]) =>
  commandLine(
    {
      cwd: "/",
      startedWith: ["node", "berth"],
      env: {},
      git: {},
      terminal: () => mute,
      config: () => berth.config,
      readSecret: async () => "",
      serve: async () => 0,
    },
    () => undefined,
  )
    .configureOutput({ writeErr: () => undefined })
    .parseAsync(words, { from: "user" });

/** A stack as it was applied from here, on a server that nothing answers for. */
function stands() {
  const plan = makePlan(planInput());
  putPlan(berth.store, { stack: plan.stack, serial: 0, plan, created: "" });
  putStack(berth.store, {
    name: plan.stack,
    server: plan.server.name,
    appliedPlan: planHash(plan),
    serial: 1,
    updated: "",
  });
  return plan;
}

test("scale names what changes of which service, and a stack that stands", async () => {
  const { stack } = stands();
  for (const words of [[], ["--memory", "512"]])
    await expect(typed("scale", stack, ...words)).rejects.toMatchObject({ code: "usage" });
  await expect(typed("scale", stack, "web=0.5")).rejects.toThrow("SERVICE=NUMBER");
  await expect(typed("scale", "none", "web=2")).rejects.toMatchObject({ code: "no_such_stack" });
  await expect(typed("scale", stack, "web=2", "none=3")).rejects.toMatchObject({
    code: "no_such_service",
    object: "none",
  });
});

test("redeploy goes to where the source came from, and says what to type where that is not known", async () => {
  const { stack, source } = stands();
  await expect(typed("redeploy", stack)).rejects.toMatchObject({
    code: "source_unknown",
    next: expect.stringContaining(`--stack ${stack}`),
  });
  const address = join(berth.config.home, "gone");
  mkdirSync(berth.config.home, { recursive: true });
  const resolved = { ...source, dir: null, address, ref: null, subfolder: null };
  putAnalysis(berth.store, { id: "analysis_1", source: address, resolved, analysis: {}, created: "" });
  await expect(typed("redeploy", stack)).rejects.toThrow(
    expect.objectContaining({ object: expect.stringContaining("gone") }),
  );
});
