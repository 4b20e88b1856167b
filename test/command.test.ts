import { afterEach, beforeEach, expect, test } from "vitest";
import { followToEnd } from "../src/cli/follow.ts";
import type { Terminal } from "../src/cli/terminal.ts";
import type { RunEvent } from "../src/run/event.ts";
import { openJournal } from "../src/run/journal.ts";
import { takeLease } from "../src/run/lease.ts";
import { logName, openLog } from "../src/run/log.ts";
import { openRun } from "../src/run/runs.ts";
import { openedBerth } from "../src/services/fixture.ts";
import { callsOfAct } from "../src/services/planned-calls.ts";
import { logFolder } from "../src/services/run-folder.ts";
import { readRun } from "../src/services/run-reading.ts";
import { operationOfAct, type StackAct } from "../src/services/stack-acts.ts";
import { planInput } from "../src/stages/plan/fixture.ts";
import { makePlan } from "../src/stages/plan/make.ts";
import { putPlan } from "../src/store/plans.ts";
import { runStore } from "../src/store/runs.ts";

let berth: ReturnType<typeof openedBerth>;
beforeEach(() => {
  berth = openedBerth();
});
afterEach(() => berth.remove());

/** The run of a command, done, that printed this and ended with this code. */
function ran(printed: string, exitCode: number, outOfMemory = false): string {
  const plan = makePlan(planInput());
  const hash = putPlan(berth.store, { stack: plan.stack, serial: 0, plan, created: "" });
  const service = plan.services[0]?.name ?? "";
  const about = { stack: plan.stack, server: plan.server.name, plan: hash };
  const act: StackAct = { act: "run_command", arguments: { ...about, service, argv: ["date"] } };
  const runs = runStore(berth.store);
  const calls = callsOfAct(plan, act, "grant_1");
  const asked = { stack: plan.stack, operation: operationOfAct(act), grant: null, parts: ["command"], version: "0" };
  const { id } = openRun(runs, { ...asked, calls }, () => new Date());
  const lease = takeLease(runs, id, berth.machine);
  const log = openLog(logFolder(berth.config.home, id), logName("command/run", lease.fence), {
    push: (text) => text,
    end: () => "",
  });
  log.write(printed);
  const events: RunEvent[] = [
    { event: "taken", action: "apply", version: "0", pid: 1, fence: lease.fence },
    { event: "started", step: "command/run", title: "run date", before: null },
    { event: "done", step: "command/run", output: { exitCode, outOfMemory } },
    { event: "ended", state: "done" },
  ];
  const journal = openJournal(runs, id, lease.fence, () => new Date());
  for (const event of events) journal.append(event);
  lease.release();
  return id;
}

async function followed(run: string, json = false) {
  const [said, noted]: [string[], string[]] = [[], []];
  const say = (text: string) => void said.push(text);
  const terminal: Terminal = {
    ...{ say, write: say, note: (text) => void noted.push(text), drained: async () => undefined, live: false, json },
    ...{ ask: async () => undefined, onInterrupt: () => () => undefined },
  };
  return { code: await followToEnd(berth, terminal, run), said: said.join(""), noted: noted.join("\n") };
}

test("what a command prints is the answer, as text, and its code is the exit code", async () => {
  const run = ran("three rows\n\u001b[31mred\u001b]0;title\u0007\n", 3);
  const { code, said, noted } = await followed(run);
  expect(code).toBe(3);
  expect(said).toContain("three rows\n");
  expect(said).not.toContain("\u001b");
  expect(noted).not.toContain("three rows");
  expect(readRun(berth, run)).toMatchObject({ exitCode: 3, addresses: [] });
});

test("a program reads the code, and that memory was wanting", async () => {
  const { code, said } = await followed(ran("one row\n", 137, true), true);
  expect(said).toContain('{"event":"output","text":"one row\\n"}');
  const result = said.slice(said.indexOf('{"event":"result"'));
  expect(JSON.parse(result)).toMatchObject({ state: "done", exitCode: 137, outOfMemory: true });
  expect(code).toBe(137);
});
