import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { demoNetworks } from "./meta.ts";
import { openStore } from "./open.ts";
import { planOf, putPlan } from "./plans.ts";
import { schema } from "./schema.ts";

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "berth-store-"));
  folder = join(parent, "state");
});
afterEach(() => rmSync(parent, { recursive: true }));

const file = () => join(folder, "berth.db");
const sql = (text: string) => {
  const db = new DatabaseSync(file());
  db.exec(text);
  db.close();
};
const mode = (path: string) => statSync(path).mode & 0o777;
const failing = (code: string) => expect.objectContaining({ code });
const plan = { stack: "shop", serial: 1, plan: { b: 1, a: [2] }, created: "2026-11-23T12:00:00.000Z" };

test("folder and files are their owner's alone", () => {
  const store = openStore(folder);
  putPlan(store, plan);
  expect(mode(folder)).toBe(0o700);
  for (const name of ["berth.db", "berth.db-wal", "berth.db-shm"]) expect(mode(join(folder, name))).toBe(0o600);
  store.close();
});

test("what was written is there after it is opened again", () => {
  const first = openStore(folder);
  const hash = putPlan(first, plan);
  first.close();
  const second = openStore(folder);
  expect(planOf(second, hash)).toEqual({ hash, ...plan });
  expect(planOf(second, hash.slice(0, 12))?.hash).toBe(hash);
  second.close();
});

test("a transaction that throws leaves nothing, also when it stands in another", () => {
  const store = openStore(folder);
  const both = () =>
    store.write(() => {
      putPlan(store, plan);
      store.write(() => {
        throw new Error("taken back");
      });
    });
  expect(both).toThrow("taken back");
  expect(store.all(z.object({ hash: z.string() }), "SELECT hash FROM plans")).toEqual([]);
  putPlan(store, plan);
  store.close();
});

test("the version changes with what this and what another connection writes", () => {
  const reader = openStore(folder);
  const writer = openStore(folder);
  const before = reader.version();
  expect(reader.version()).toBe(before);
  putPlan(writer, plan);
  const between = reader.version();
  expect(between).not.toBe(before);
  putPlan(reader, { ...plan, plan: { c: 3 } });
  expect(reader.version()).not.toBe(between);
  reader.close();
  writer.close();
});

test("a newer format is refused, and named", () => {
  openStore(folder).close();
  sql(`PRAGMA user_version = ${schema.length + 1}`);
  expect(() => openStore(folder)).toThrow(failing("store_newer"));
});

test("a file that is no store is refused", () => {
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(file(), "no database at all, but long enough to be looked at".repeat(100));
  expect(() => openStore(folder)).toThrow(failing("store_damaged"));
});

test("a file that was cut off is refused", () => {
  const store = openStore(folder);
  for (let i = 0; i < 200; i++) putPlan(store, { ...plan, plan: { i, text: "x".repeat(500) } });
  store.close();
  truncateSync(file(), statSync(file()).size / 2);
  expect(() => openStore(folder)).toThrow(failing("store_damaged"));
});

test("a plan that is not what its hash says is not given out", () => {
  const store = openStore(folder);
  const hash = putPlan(store, plan);
  sql(`UPDATE plans SET plan = '{"a":[3],"b":1}'`);
  expect(() => planOf(store, hash)).toThrow(failing("store_damaged"));
  store.close();
});

test("a row of an unknown shape is a damaged store, not a crash", () => {
  const store = openStore(folder);
  const hash = putPlan(store, plan);
  sql(`UPDATE plans SET plan = 'no json'`);
  expect(() => planOf(store, hash)).toThrow(failing("store_damaged"));
  store.close();
});

test("a folder that cannot be made is unwritable", () => {
  writeFileSync(folder, "a file stands here");
  expect(() => openStore(folder)).toThrow(failing("store_unwritable"));
  expect(() => openStore(join(folder, "below"))).toThrow(failing("store_unwritable"));
  expect(() => openStore("/proc/berth")).toThrow(failing("store_unwritable"));
});

test("a folder that others can look into is refused", () => {
  openStore(folder).close();
  chmodSync(folder, 0o750);
  expect(() => openStore(folder)).toThrow(failing("store_exposed"));
});

test("only who makes the store can call it a demo's", () => {
  const demo = openStore(folder, { demo: { networks: ["10.9.0.0/16"] } });
  expect(demoNetworks(demo)).toEqual(["10.9.0.0/16"]);
  demo.close();
  const real = join(parent, "real");
  openStore(real).close();
  const again = openStore(real, { demo: { networks: ["0.0.0.0/0"] } });
  expect(demoNetworks(again)).toBeUndefined();
  again.close();
});

test("several processes can open a store that is not there yet, and all write", async () => {
  const url = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const program = `
    const { openStore } = await import(${url("./open.ts")});
    const { putPlan } = await import(${url("./plans.ts")});
    const store = openStore(${JSON.stringify(folder)});
    for (let i = 0; i < 20; i++)
      putPlan(store, { stack: "shop", serial: i, plan: { i, pid: process.pid }, created: "now" });
    store.close();`;
  const exits = await Promise.all(
    [1, 2, 3, 4].map(async () => {
      const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "ignore" });
      const [code] = await once(child, "exit");
      return code;
    }),
  );
  expect(exits).toEqual([0, 0, 0, 0]);
  const store = openStore(folder);
  expect(store.all(z.object({ hash: z.string() }), "SELECT hash FROM plans")).toHaveLength(80);
  store.close();
}, 60_000);
