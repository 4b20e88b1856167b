import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BerthError } from "../../kit/error.ts";
import type { StageContext } from "../context.ts";
import { renderEnv } from "../deploy/env-file.ts";
import { plan } from "../plan/plan-fixture.ts";
import { commandCalls, commandSteps } from "./command.ts";
import { contextOver, fakeEngine } from "./engine-fixture.ts";

let runDir: string;
beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), "berth-command-"));
});
afterEach(() => rmSync(runDir, { recursive: true }));

const calls = commandCalls(plan, { service: "web", argv: ["npm", "run", "seed"] }, "k1");
const name = "shop-web-command-k1";

function scene(signal = new AbortController().signal) {
  const fake = fakeEngine();
  const ctx = contextOver(fake.engine, { runDir, signal } as Partial<StageContext>);
  const exec = async () => ({ code: 0, signal: null, stdout: renderEnv(new Map([["PORT", "3000"]])), stderr: "" });
  Object.assign(ctx.host, { exec });
  /** One step as the runner takes it: looked at, done where it does not hold. */
  async function take(step: 0 | 1 | 2) {
    const { step: defined } = commandSteps[step];
    const input = calls[step]?.input;
    const seen = await defined.observe(input, ctx);
    if ("output" in seen) return seen.output;
    await defined.apply(input, seen.before, ctx);
    const after = await defined.observe(input, ctx);
    return "output" in after ? after.output : undefined;
  }
  const end = (exitCode: number) => Object.assign(fake.containers.get(name) ?? {}, { status: "exited", exitCode });
  return { ...fake, ctx, take, end };
}

test("it is made, started once, and removed; how it ended is known from then on", async () => {
  const { take, did, end, containers } = scene();
  expect(await take(0)).toEqual({ container: name });
  const running = take(1);
  await expect.poll(() => did).toContain(`start ${name}`);
  end(3);
  expect(await running).toEqual({ exitCode: 3, outOfMemory: false });
  expect(await take(2)).toBeNull();
  // A run that is resumed goes through all of it again.
  expect([await take(0), await take(1), await take(2)]).toEqual([
    { container: name },
    { exitCode: 3, outOfMemory: false },
    null,
  ]);
  expect(did.filter((act) => act.startsWith("start") || act.startsWith("create"))).toHaveLength(2);
  expect(containers.size).toBe(0);
});

test("whoever comes after a worker that died does not start it again", async () => {
  const { take, did, end, containers } = scene();
  await take(0);
  Object.assign(containers.get(name) ?? {}, { started: true });
  end(0);
  expect(await take(1)).toEqual({ exitCode: 0, outOfMemory: false });
  expect(did).not.toContain(`start ${name}`);
});

test("where its container is gone before it was seen to end, nobody claims to know whether it ran", async () => {
  const { take, containers } = scene();
  await take(0);
  containers.clear();
  await expect(take(1)).rejects.toMatchObject({ code: "command_unknown", object: name });
});

test("a person who stops it ends it; a worker that is told to end leaves it to the next", async () => {
  const failure = { message: "", object: "", cause: "", next: "" };
  for (const [code, ends] of [
    ["cancelled", true],
    ["interrupted", false],
  ] as const) {
    const stopping = new AbortController();
    const { take, did, containers } = scene(stopping.signal);
    await take(0);
    const running = take(1);
    await expect.poll(() => did).toContain(`start ${name}`);
    stopping.abort(new BerthError({ code, ...failure }));
    await expect(running).rejects.toThrow();
    expect(containers.has(name)).toBe(!ends);
    rmSync(join(runDir, "command.json"));
  }
});
