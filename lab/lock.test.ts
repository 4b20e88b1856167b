import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../src/kit/wait.ts";
import { exclusively, lock } from "./lock.ts";
import { type Lab, openLab } from "./names.ts";

let lab: Lab;
beforeEach(async () => {
  lab = { ...openLab("lock-test"), bases: await mkdtemp(join(tmpdir(), "berth-lock-")) };
});
afterEach(() => rm(lab.bases, { recursive: true }));

const free = async () => {
  const held = await lock(lab, "one", { wait: false });
  await held?.release();
  return held !== undefined;
};

test("one at a time, until it is released; other names are other locks", async () => {
  const held = await lock(lab, "one", { wait: false });
  expect(held).toBeDefined();
  expect(await lock(lab, "one", { wait: false })).toBeUndefined();
  const other = await lock(lab, "two", { wait: false });
  expect(other).toBeDefined();
  await other?.release();
  await held?.release();
  expect(await free()).toBe(true);
});

test("work under one name does not overlap, and a failure releases it", async () => {
  const events: string[] = [];
  const work = (name: string) => async () => {
    events.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    events.push(`${name} ends`);
    throw new Error(name);
  };
  await Promise.allSettled([exclusively(lab, "one", work("a")), exclusively(lab, "one", work("b"))]);
  const [first] = events[0]?.split(" ") ?? [];
  const second = first === "a" ? "b" : "a";
  expect(events).toEqual([`${first} begins`, `${first} ends`, `${second} begins`, `${second} ends`]);
});

test("a holder that is killed leaves no lock", async () => {
  const code = `import { lock } from ${JSON.stringify(join(import.meta.dirname, "lock.ts"))};
    await lock(${JSON.stringify(lab)}, "one", { wait: false }); console.log("held"); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  expect(await free()).toBe(false);
  holder.kill("SIGKILL");
  expect(await until(async () => ((await free()) ? true : undefined), { timeoutMs: 10_000 })).toBe(true);
});
