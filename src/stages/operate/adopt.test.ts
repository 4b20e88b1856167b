import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Host } from "../../host/host.ts";
import { fingerprint } from "../../secrets/fingerprint.ts";
import { secret } from "../../secrets/value.ts";
import { planInput } from "../plan/fixture.ts";
import { makePlan, planHash } from "../plan/make.ts";
import type { Plan } from "../plan/schema.ts";
import { type KeptStack, readKept, stacksOn } from "./adopt.ts";

// The product's own scripts, on a folder here that stands for the server's.
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-adopt-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const exec = async ([program = "", ...args]: readonly string[]) => {
  const here = args.map((arg) => arg.replace(/^\/var\/lib\/berth/, root));
  try {
    return { code: 0, stdout: execFileSync(program, here, { encoding: "utf8" }), stderr: "", signal: null };
  } catch (error) {
    return { code: (error as { status: number }).status, stdout: "", stderr: "", signal: null };
  }
};
const host = {
  name: "test",
  exec,
  read: async (words: string[]) => (await exec(words)).stdout.trimEnd(),
} as unknown as Host;

function file(path: string, text: string, seconds = 1_700_000_000): void {
  const whole = join(root, "stacks", path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, text);
  utimesSync(whole, seconds, seconds);
}

const key = "ab".repeat(32);
const printOf = (value: string, by = key) => fingerprint(by, secret(value));
const base = makePlan(planInput());
const { stack } = base;
/** A plan with this value of API_KEY. */
const withKey = (value: string, by = key): Plan => ({
  ...base,
  source: { ...base.source, revision: value.slice(0, 8) },
  secrets: [...base.secrets, { origin: "given", name: "API_KEY", fingerprint: printOf(value, by) }],
});
const applied = (plan: Plan, over: object = {}) =>
  file(
    `${stack}/applied.json`,
    JSON.stringify({ serial: 3, planHash: planHash(plan), plan, at: "2026-01-02T03:04:05.000Z", berth: "1", ...over }),
  );
function give(value: string, { under = printOf(value) } = {}): void {
  file(`${stack}/secrets/API_KEY/${under}`, value);
  file(`${stack}/fingerprint-key`, key);
}
const kept = async (): Promise<KeptStack> => {
  const found = await readKept(host, stack);
  if (typeof found === "string") throw new Error(found);
  return found;
};

test("what stands, the plans of kept releases, and each given value that a plan names", async () => {
  const [old, older, now] = [withKey("second"), withKey("first"), withKey("third\n'\"$ x")];
  applied(now);
  file(`${stack}/releases/aaaaaaaaaa/plan.json`, JSON.stringify(older), 1000);
  file(`${stack}/releases/bbbbbbbbbb/plan.json`, JSON.stringify(old), 2000);
  file(`${stack}/releases/cccccccccc/plan.json`, JSON.stringify(now), 3000);
  for (const value of ["first", "second", "third\n'\"$ x", "of no plan"]) give(value);
  const { serial, applied: stands, earlier, values, key: found, missing } = await kept();
  expect({ serial, hash: stands.hash, found, missing }).toEqual({
    serial: 3,
    hash: planHash(now),
    found: key,
    missing: [],
  });
  expect(earlier.map(({ hash }) => hash)).toEqual([planHash(old), planHash(older)]);
  expect(earlier[0]?.at).toBe("1970-01-01T00:33:20.000Z");
  expect(values.map(({ value }) => value)).toEqual(["first", "second", "third\n'\"$ x"]);
});

test("an earlier value that stands again is the newest", async () => {
  applied(withKey("first"));
  file(`${stack}/releases/bbbbbbbbbb/plan.json`, JSON.stringify(withKey("second")), 2000);
  file(
    `${stack}/releases/aaaaaaaaaa/plan.json`,
    JSON.stringify({ ...withKey("first"), wishes: { env: { A: "1" } } }),
    1000,
  );
  for (const value of ["first", "second"]) give(value);
  expect((await kept()).values.map(({ value }) => value)).toEqual(["second", "first"]);
});

test("a value that is not the one of its fingerprint, or whose key is not there, is not taken", async () => {
  applied(withKey("mine"));
  give("forged", { under: printOf("mine") });
  const lacking = ["the value of API_KEY: set it again (berth secrets set)"];
  expect(await kept()).toMatchObject({ values: [], missing: lacking });
  rmSync(join(root, `stacks/${stack}/fingerprint-key`));
  file(`${stack}/secrets/API_KEY/${printOf("mine")}`, "mine");
  expect(await kept()).toMatchObject({ key: null, values: [], missing: lacking });
});

test("no name in a plan leads to another file", async () => {
  const plan = withKey("mine");
  plan.secrets = [{ origin: "given", name: "../../other/secrets/KEY", fingerprint: "../../../etc" }];
  applied(plan);
  file("other/secrets/KEY/x", "of another stack");
  expect(await kept()).toMatchObject({ values: [], missing: [expect.stringContaining("set it again")] });
});

test.each([
  ["a plan of another stack", { stack: "payroll" }],
  ["a plan that wishes another stack", { wishes: { env: {}, stack: "payroll" } }],
])("%s is not this one's", async (_, over) => {
  const forged = { ...base, ...over };
  applied(forged);
  expect(await readKept(host, stack)).toMatch(/not the one that was applied/);
  applied(base);
  file(`${stack}/releases/aaaaaaaaaa/plan.json`, JSON.stringify(forged));
  expect(await kept()).toMatchObject({ earlier: [], missing: ["the plan of release aaaaaaaaaa: it cannot be read"] });
});

test.each([
  ["a hash that is not the plan's", { planHash: "0".repeat(64) }, /not the one that was applied/],
  ["no plan", { plan: null }, /not what this version/],
  ["a serial of none", { serial: 0 }, /not what this version/],
])("%s is refused", async (_, over, why) => {
  applied(base, over);
  expect(await readKept(host, stack)).toMatch(why);
});

test("a plan that names another server's name is none to go back to", async () => {
  applied(base);
  const elsewhere = { ...base, server: { ...base.server, name: "payroll" } };
  file(`${stack}/releases/aaaaaaaaaa/plan.json`, JSON.stringify(elsewhere));
  expect((await kept()).earlier).toEqual([]);
});

test("only folders that are named as stacks, with a record, are stacks", async () => {
  expect(await stacksOn(host)).toEqual([]);
  applied(base);
  for (const name of ["no-record/x", "Bad Name/applied.json", "a;b/applied.json"]) file(name, "{}");
  expect(await stacksOn(host)).toEqual([stack]);
});
