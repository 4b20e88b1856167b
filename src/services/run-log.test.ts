import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { logName, openLog, type StepLog } from "../run/log.ts";
import { type RunLog, readLog } from "./run-log.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-run-log-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const plain = () => ({ push: (text: string) => text, end: () => "" });
const write = (step: string, text: string, fence = 1): StepLog => {
  const log = openLog(folder, logName(step, fence), plain());
  log.write(text);
  return log;
};
const steps = [
  { id: "server/packages", title: "install packages" },
  { id: "build.web", title: "build the image of web" },
  { id: "stack/start/web", title: "start web" },
];
const log = (over: Partial<RunLog> = {}): RunLog => ({ run: "run_1", folder, steps, goesOn: false, ...over });
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => `line ${String(from + n).padStart(7, "0")}\n`).join("");
const headings = /── [^\n]*? ──\n/g;

/** All pages on from a cursor. */
function readOn(of: RunLog, cursor: string, chars: number): { text: string; cursor: string } {
  const { text, cursor: next } = readLog(of, { cursor, chars });
  if (text === "") return { text, cursor: next };
  expect(text.length).toBeLessThanOrEqual(chars);
  expect(next).not.toBe(cursor);
  const rest = readOn(of, next, chars);
  return { text: text + rest.text, cursor: rest.cursor };
}

/** All pages back from a cursor, oldest first. */
function readBack(of: RunLog, cursor: string | null, chars: number): string {
  if (cursor === null) return "";
  const { text, older } = readLog(of, { cursor, chars });
  expect(text.length).toBeLessThanOrEqual(chars);
  expect(older).not.toBe(cursor);
  return readBack(of, older, chars) + text;
}

test("the steps' logs are one text in the order of the run, each part headed by its step", () => {
  write("stack/start/web", "starting\n");
  write("build.web", "no end of a line");
  write("build.web", "again\n", 2);
  write("server/packages", "apt\n");
  write("stack/start/web.undo", "stopping\n", 3);
  write("server/packages.undo", "removing\n", 3);
  const { text, older } = readLog(log());
  expect(text).toBe(
    [
      "── install packages (server/packages) ──\napt\n",
      "── build the image of web (build.web) ──\nno end of a line\n",
      "── start web (stack/start/web) ──\nstarting\n",
      "── build the image of web (build.web), worker 2 ──\nagain\n",
      "── taking back: start web (stack/start/web), worker 3 ──\nstopping\n",
      "── taking back: install packages (server/packages), worker 3 ──\nremoving\n",
    ].join(""),
  );
  expect(older).toBeNull();
});

test("first the tail in whole lines, then page by page what stands before, down to the first", () => {
  write("server/packages", lines(0, 400));
  write("build.web", lines(400, 1000));
  const tail = readLog(log());
  expect(tail.text.length).toBeLessThanOrEqual(4000);
  expect(tail.text.length).toBeGreaterThan(3800);
  expect(tail.text.endsWith(lines(990, 1000))).toBe(true);
  expect(tail.text).toMatch(/^── build the image of web \(build\.web\) ──\nline 0000\d{3}\n/);
  const whole = readBack(log(), tail.older, 4000) + tail.text;
  expect(whole.replaceAll(headings, "")).toBe(lines(0, 1000));
});

test("a cursor reads only what is new, and a line that has not ended is left until it has", () => {
  const going = log({ goesOn: true });
  const empty = readLog(going);
  expect(empty).toMatchObject({ text: "", older: null });
  const packages = write("server/packages", "one\ntw");
  const first = readLog(going, { cursor: empty.cursor });
  expect(first.text).toBe("── install packages (server/packages) ──\none\n");
  expect(readLog(going, { cursor: first.cursor })).toMatchObject({ text: "", cursor: first.cursor });
  packages.write("o\n");
  const second = readLog(going, { cursor: first.cursor });
  expect(second.text).toBe("two\n");
  packages.write("three");
  write("build.web", "four");
  const third = readLog(going, { cursor: second.cursor });
  expect(third.text).toBe("three");
  expect(readLog(log(), { cursor: third.cursor }).text).toBe("── build the image of web (build.web) ──\nfour");
  expect(readLog(log()).text).toContain("one\ntwo\nthree\n── build the image");
});

test("a line that is longer than a page is broken between characters", () => {
  const long = "größe→😀".repeat(2000);
  write("build.web", long);
  const tail = readLog(log(), { chars: 500 });
  expect(tail.text).not.toContain("\ufffd");
  const whole = readBack(log(), tail.older, 500) + tail.text;
  expect(whole.replaceAll(headings, "").replaceAll("\n", "") === long).toBe(true);
  const going = log({ goesOn: true });
  const on = readOn(going, readLog({ ...going, folder: join(folder, "none") }).cursor, 500);
  expect(on.text.replaceAll(headings, "") === long).toBe(true);
});

test("a log whose middle was left out: the note stands in its place, and a cursor from before stays true", () => {
  const going = log({ goesOn: true });
  const web = write("build.web", lines(0, 100));
  const early = readLog(going);
  for (let at = 100; at < 700_000; at += 100_000) web.write(lines(at, at + 100_000));
  const before = readLog(going);
  // Over 20 MB: half stays, and the newest quarter.
  for (let at = 700_100; at < 2_000_100; at += 100_000) web.write(lines(at, at + 100_000));
  const after = readLog(going);
  expect(after.text.endsWith(lines(2_000_090, 2_000_100))).toBe(true);
  expect(readLog(going, { cursor: early.cursor, chars: 1300 }).text).toBe(lines(100, 200));

  const on = readOn(going, before.cursor, 100_000).text;
  const note = /\n\[… (\d+) bytes left out …\]\n/.exec(on);
  expect(note).not.toBeNull();
  const given = on.length - (note?.[0].length ?? 0);
  expect(given + Number(note?.[1])).toBe(lines(700_100, 700_200).length * 13_000);
  expect(on.endsWith(lines(2_000_000, 2_000_100))).toBe(true);

  const back = readBack(going, after.older, 100_000);
  expect(back.match(/bytes left out/g)).toHaveLength(1);
  expect(back.replaceAll(headings, "").startsWith(lines(0, 1000))).toBe(true);
}, 60_000);

test("a cursor of another run, of nothing, or made up is refused", () => {
  write("build.web", "text\n");
  const { cursor } = readLog(log());
  expect(cursor.length).toBeLessThan(60);
  const nothing = readLog(log({ folder: join(folder, "none") })).cursor;
  for (const bad of [
    "",
    "x",
    "🙂",
    cursor.slice(1),
    `${cursor}0`,
    nothing.replace("on", "back"),
    "on.0.0000000000000000",
  ])
    expect(() => readLog(log(), { cursor: bad }), bad).toThrow(expect.objectContaining({ code: "bad_cursor" }));
  expect(() => readLog(log({ run: "run_2" }), { cursor })).toThrow(expect.objectContaining({ code: "bad_cursor" }));
  const far = cursor.replace(".5.", ".999999999999.");
  expect(readLog(log(), { cursor: far })).toMatchObject({ text: "", cursor: far });
});

test("whatever is written, however the pages are cut: reading on gives all of it once, and so does reading back", () => {
  const text = fc.array(
    fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), fc.constant("\n"), fc.constant("a line\n")),
    { maxLength: 20 },
  );
  const flat = (given: string) => given.replaceAll(headings, "").replaceAll("\n", "");
  fc.assert(
    fc.property(fc.tuple(text, text, text), fc.integer({ min: 200, max: 900 }), (parts, chars) => {
      rmSync(folder, { recursive: true });
      const going = log({ goesOn: true });
      let { cursor } = readLog(going);
      let read = "";
      const all: string[] = [];
      for (const [n, { id }] of steps.entries()) {
        const file = openLog(folder, logName(id, 1), plain());
        for (const piece of parts[n] ?? []) {
          // What was read as a heading or as half a character would not be found again.
          const words = piece.replaceAll("──", "").toWellFormed().replaceAll("\ufffd", "");
          file.write(words);
          all.push(words);
          const page = readLog(going, { cursor, chars });
          expect(page.text.length).toBeLessThanOrEqual(chars);
          cursor = page.cursor;
          read += page.text;
        }
        file.close();
      }
      const rest = readOn(log(), cursor, chars);
      expect(flat(read + rest.text)).toBe(flat(all.join("")));
      const tail = readLog(log(), { chars });
      expect(flat(readBack(log(), tail.older, chars) + tail.text)).toBe(flat(all.join("")));
      folder = mkdtempSync(join(tmpdir(), "berth-run-log-"));
    }),
    { numRuns: 40 },
  );
}, 120_000);
