import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { sha256 } from "../kit/canonical.ts";
import { filesOf } from "./failure.ts";
import { openStore } from "./open.ts";
import { putPlan } from "./plans.ts";
import { schema } from "./schema.ts";
import type { Store } from "./store.ts";

let parent: string;
let folder: string;
let copy: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "berth-store-"));
  folder = join(parent, "state");
  copy = join(parent, "copy");
});
afterEach(() => rmSync(parent, { recursive: true }));

const failing = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const put = (store: Store, i: number) =>
  putPlan(store, { stack: "shop", serial: i, plan: { i, text: "x".repeat(500) }, created: `at ${i}` });
const fill = (store: Store, count: number) =>
  store.write(() => {
    for (let i = 0; i < count; i++) put(store, i);
  });
const count = (store: Store) => store.all(z.object({ hash: z.string() }), "SELECT hash FROM plans").length;

/** The files as a process that is killed now would leave them. */
function crash(): string[] {
  mkdirSync(copy, { mode: 0o700 });
  const files = filesOf(folder).slice(0, 2);
  for (const [n, file] of files.entries()) copyFileSync(file, filesOf(copy)[n] ?? "");
  return filesOf(copy);
}

function overwrite(file: string, at: number, length: number): void {
  const fd = openSync(file, "r+");
  writeSync(fd, Buffer.alloc(length, 0xa5), 0, length, at);
  closeSync(fd);
}

/** A log without a byte is as good as none. */
const bytes = (at: string) =>
  filesOf(at)
    .slice(0, 2)
    .map((file) => sha256(existsSync(file) ? readFileSync(file) : ""));

describe("a damaged file is named, and not touched", () => {
  const damages: [string, (file: string) => void][] = [
    ["its first bytes", (file) => overwrite(file, 0, 16)],
    ["its header", (file) => overwrite(file, 16, 84)],
    ["the table of tables", (file) => overwrite(file, 100, 400)],
    ["a page in its middle", (file) => overwrite(file, Math.floor(statSync(file).size / 8192) * 4096, 4096)],
    ["its end, which is missing", (file) => truncateSync(file, statSync(file).size - 4096 * 3)],
    ["all but a piece of a page, which is missing", (file) => truncateSync(file, 1000)],
  ];

  test.each(damages)("%s", (_what, damage) => {
    const store = openStore(folder);
    fill(store, 100);
    store.close();
    damage(filesOf(folder)[0]);
    const before = bytes(folder);
    const next = expect.stringContaining(`mv ${folder} ${folder}.damaged`);
    expect(() => openStore(folder)).toThrow(failing("store_damaged", { object: folder, next }));
    expect(bytes(folder)).toEqual(before);
  });

  test("a page in its middle, while there is a log", () => {
    const store = openStore(folder);
    fill(store, 100);
    store.close();
    const again = openStore(folder);
    fill(again, 5);
    put(again, 1000);
    const [file] = crash();
    again.close();
    overwrite(file ?? "", Math.floor(statSync(file ?? "").size / 8192) * 4096, 4096);
    const before = bytes(copy);
    expect(before[1]).not.toBe(sha256(""));
    expect(() => openStore(copy)).toThrow(failing("store_damaged"));
    expect(bytes(copy)).toEqual(before);
  });

  test("what is damaged only after it was opened, when it is read", () => {
    openStore(folder).close();
    const writer = openStore(folder);
    fill(writer, 3000);
    writer.close();
    const store = openStore(folder);
    const { size } = statSync(filesOf(folder)[0]);
    overwrite(filesOf(folder)[0], 4096 * 40, size - 4096 * 41);
    expect(() => count(store)).toThrow(failing("store_damaged"));
    store.close();
  });
});

describe("a write-ahead log that a crash left", () => {
  const frame = 24 + 4096;

  function leave(): { wal: string; written: number } {
    const store = openStore(folder);
    for (let i = 0; i < 20; i++) put(store, i);
    const [, wal = ""] = crash();
    store.close();
    return { wal, written: 20 };
  }

  test("is taken over as it is", () => {
    const { written } = leave();
    const store = openStore(copy);
    expect(count(store)).toBe(written);
    store.close();
  });

  test.each([
    ["its header", 0, 32],
    ["its first page", 32 + 100, 50],
    ["a page in its middle", 32 + 20 * frame + 2000, 50],
    ["a frame's own header", 32 + 20 * frame + 16, 8],
  ])("and that is damaged in %s is named, and not touched", (_what, at, length) => {
    const { wal } = leave();
    overwrite(wal, at, length);
    const before = bytes(copy);
    expect(() => openStore(copy)).toThrow(failing("store_damaged"));
    expect(bytes(copy)).toEqual(before);
  });

  test("in the middle of a transaction loses that transaction alone", () => {
    const { wal, written } = leave();
    overwrite(wal, statSync(wal).size - 100, 50);
    const store = openStore(copy);
    expect(count(store)).toBe(written - 1);
    store.close();
  });

  test("is no damage while somebody goes on writing it", () => {
    const writer = openStore(folder);
    fill(writer, 600);
    const reader = openStore(folder);
    fill(writer, 10);
    expect(count(reader)).toBe(600);
    reader.close();
    writer.close();
  });
});

describe("several versions of Berth at once", () => {
  const migrated = () => {
    const db = new DatabaseSync(filesOf(folder)[0]);
    db.exec(`BEGIN; ALTER TABLE plans ADD COLUMN later TEXT; PRAGMA user_version = ${schema.length + 1}; COMMIT`);
    db.close();
  };

  test("the older, which has it open, is told at its next use and writes nothing", () => {
    const older = openStore(folder);
    put(older, 1);
    migrated();
    const before = bytes(folder);
    expect(() => put(older, 2)).toThrow(failing("store_newer"));
    expect(() => count(older)).toThrow(failing("store_newer"));
    expect(() => older.run("DELETE FROM plans")).toThrow(failing("store_newer"));
    expect(() => older.write(() => undefined)).toThrow(failing("store_newer"));
    expect(bytes(folder)).toEqual(before);
    older.close();
    expect(() => openStore(folder)).toThrow(failing("store_newer"));
  });

  test("an old file that several open at once is brought up to date by one of them, with all it held", async () => {
    mkdirSync(folder, { mode: 0o700 });
    const db = new DatabaseSync(filesOf(folder)[0]);
    db.exec(`PRAGMA journal_mode = WAL; ${schema[0]}; PRAGMA user_version = 1;
      INSERT INTO servers VALUES ('web', 'root@203.0.113.5', NULL, '{}', 'now')`);
    db.close();
    const program = `
      const { openStore } = await import(${JSON.stringify(new URL("./open.ts", import.meta.url).href)});
      openStore(${JSON.stringify(folder)}).close();`;
    const exits = await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "ignore" });
        return (await once(child, "exit"))[0] as number;
      }),
    );
    expect(exits).toEqual([0, 0, 0, 0]);
    const store = openStore(folder);
    expect(store.all(z.object({ name: z.string() }), "SELECT name FROM servers")).toEqual([{ name: "web" }]);
    expect(store.all(z.object({ id: z.string() }), "SELECT id FROM dialogs")).toEqual([]);
    store.close();
  }, 60_000);

  test("a step that fails leaves the file as it was", () => {
    mkdirSync(folder, { mode: 0o700 });
    const db = new DatabaseSync(filesOf(folder)[0]);
    // What the second step makes is there already: it was made by something that is no Berth.
    db.exec(`${schema[0]}; CREATE TABLE dialogs (other TEXT); PRAGMA user_version = 1`);
    db.close();
    expect(() => openStore(folder)).toThrow();
    const after = new DatabaseSync(filesOf(folder)[0]);
    expect(after.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1 });
    expect(after.prepare("SELECT name FROM pragma_table_info('analyses')").all()).toHaveLength(4);
    after.close();
  });
});

test("what stands where the file should be is named", () => {
  mkdirSync(join(folder, "berth.db"), { recursive: true, mode: 0o700 });
  expect(() => openStore(folder)).toThrow(failing("store_unwritable"));
  rmSync(join(folder, "berth.db"), { recursive: true });
  writeFileSync(filesOf(folder)[0], "");
  openStore(folder).close();
});
