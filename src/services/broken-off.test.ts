import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Berth } from "./berth.ts";
import { whyBrokenOff } from "./broken-off.ts";
import { runFolder } from "./run-folder.ts";

let berth: Berth;
beforeEach(() => {
  berth = { config: { home: mkdtempSync(join(tmpdir(), "berth-broken-")) } } as Berth;
  mkdirSync(runFolder(berth.config.home, "run_1"), { recursive: true });
});
afterEach(() => rmSync(berth.config.home, { recursive: true }));

const why = (...lines: (object | string)[]) => {
  const text = lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");
  writeFileSync(join(runFolder(berth.config.home, "run_1"), "worker.log"), text);
  return whyBrokenOff(berth, "run_1");
};
const started = { level: 30, msg: "worker started" };
const failure = { code: "store_unwritable", message: "m", object: "o", cause: "c", next: "n" };
const failed = { level: 50, msg: "worker failed", failure };

test("a worker that could not journal its end is heard all the same", () => {
  expect(why(started, failed)).toEqual(failure);
});

test("one that was killed has said nothing, whatever one before it said", () => {
  expect(why(started, failed, started)).toBeUndefined();
});

test("a crash is shown in its own words, made safe", () => {
  expect(why(started, "TypeError: \u001b[31mx\u001b[0m is not a function", "    at work.ts:1")).toMatchObject({
    code: "worker_died",
    object: "run_1",
    cause: "TypeError: x is not a function\n    at work.ts:1",
    next: "Go on: berth resume run_1",
  });
});

test("without a log there is no reason", () => {
  expect(whyBrokenOff(berth, "run_2")).toBeUndefined();
});
