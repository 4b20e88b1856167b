import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { logName, openLog, partsOfLog } from "./log.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-log-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const plain = () => ({ push: (text: string) => text, end: () => "" });
const read = (name: string) => readFileSync(join(folder, name), "utf8");

test("a log is written at once, for its owner alone, and sealed with its hash", () => {
  const log = openLog(folder, "1-web.log", plain());
  log.write("one\n");
  expect(read("1-web.log")).toBe("one\n");
  expect(statSync(join(folder, "1-web.log")).mode & 0o777).toBe(0o600);
  const sha256 = createHash("sha256").update("one\n").digest("hex");
  expect(log.close()).toEqual({ file: "1-web.log", bytes: 4, sha256, omitted: 0 });
  log.write("late\n");
  expect(log.close()).toMatchObject({ bytes: 4, sha256 });
});

test("a step that says nothing leaves no file", () => {
  expect(openLog(folder, "1-web.log", plain()).close()).toBeUndefined();
  expect(() => read("1-web.log")).toThrow();
});

test("past the cap head and tail stay, and the note counts what is missing", () => {
  const log = openLog(folder, "1-web.log", plain(), 4000);
  const line = (i: number) => `line ${String(i).padStart(5, "0")}\n`;
  for (let i = 0; i < 5000; i++) log.write(line(i));
  const seal = log.close();
  const text = read("1-web.log");
  expect(text.startsWith(line(0) + line(1))).toBe(true);
  expect(text.endsWith(line(4998) + line(4999))).toBe(true);
  expect(text.length).toBeLessThan(4100);
  expect(text.match(/left out/g)).toHaveLength(1);
  const note = `\n[… ${seal?.omitted} bytes left out …]\n`;
  expect(text).toContain(note);
  expect(text.length - note.length + (seal?.omitted ?? 0)).toBe(5000 * line(0).length);
});

test("what the scrubber holds back comes with the end", () => {
  let held = "";
  const push = (text: string) => {
    held += text;
    return "";
  };
  const log = openLog(folder, "1-web.log", { push, end: () => held });
  log.write("a");
  log.write("b");
  log.close();
  expect(read("1-web.log")).toBe("ab");
});

test("a log's name tells its step and taking, whatever the step is called", () => {
  expect(logName("web/../../etc", 3)).toBe("3-web_.._.._etc.log");
  expect(partsOfLog(logName("web-1.start", 12))).toEqual({ fence: 12, step: "web-1.start" });
});
