import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { claimNumber, releaseNumber } from "./addresses.ts";
import { type Lab, openLab } from "./names.ts";

let lab: Lab;
beforeEach(async () => {
  lab = { ...openLab("address-test"), dir: await mkdtemp(join(tmpdir(), "berth-addresses-")) };
});
afterEach(() => rm(lab.dir, { recursive: true }));

test("servers that are made side by side have numbers of their own", async () => {
  const names = Array.from({ length: 20 }, (_, i) => `s${i}`);
  const numbers = await Promise.all(names.map((name) => claimNumber(lab, name)));
  expect(new Set(numbers).size).toBe(20);
  expect(Math.min(...numbers)).toBe(2);
});

test("a number is free again when its server is gone, or made anew", async () => {
  expect(await claimNumber(lab, "a")).toBe(2);
  expect(await claimNumber(lab, "b")).toBe(3);
  await releaseNumber(lab, "a");
  expect(await claimNumber(lab, "c")).toBe(2);
  expect(await claimNumber(lab, "c")).toBe(2);
});
