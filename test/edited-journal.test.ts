import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { run as resource } from "../src/resources/run.ts";
import { follow } from "../src/run/follow.ts";
import { openJournal } from "../src/run/journal.ts";
import { thisMachine } from "../src/run/machine.ts";
import { assertOpen, openRun } from "../src/run/runs.ts";
import type { Berth } from "../src/services/berth.ts";
import { editedLine, listRuns } from "../src/services/run-facts.ts";
import { readRun } from "../src/services/run-reading.ts";
import { resume } from "../src/services/runs.ts";
import type { Surface } from "../src/services/surface.ts";
import { plan } from "../src/stages/plan/plan-fixture.ts";
import { openStore } from "../src/store/open.ts";
import { putPlan } from "../src/store/plans.ts";
import { runStore } from "../src/store/runs.ts";
import type { Store } from "../src/store/store.ts";
import { getRun } from "../src/tools/get-run.ts";
import type { Call } from "../src/tools/tool.ts";

let home: string;
let store: Store;
let berth: Berth;
let run: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "berth-edited-"));
  store = openStore(home);
  berth = { store, config: { home, env: {}, workerCommand: ["false"] }, machine: thisMachine() } as unknown as Berth;
  const hash = putPlan(store, { stack: "shop", serial: 0, plan, created: "2026-01-01T00:00:00Z" });
  const operation = { kind: "plan", plan: hash, stack: "shop" };
  const calls = ["one", "two"].map((id) => ({ id, kind: "a.step", input: null }));
  const asked = { stack: "shop", operation, grant: null, parts: ["deploy"], calls, version: "0.1.0" };
  const now = () => new Date("2026-01-01T00:00:00Z");
  run = openRun(runStore(store), asked, now).id;
  const journal = openJournal(runStore(store), run, 0, now);
  for (const step of ["one", "two"]) {
    journal.append({ event: "started", step, title: `the ${step}`, before: null });
    journal.append({ event: "done", step, output: null });
  }
  const failure = { code: "no_room", message: "No.", object: "two", cause: "it said no", next: "more room" };
  journal.append({ event: "ended", state: "failed", failure });
});
afterEach(() => {
  store.close();
  rmSync(home, { recursive: true });
});

const edits: [string, string, number][] = [
  ["edited", "UPDATE events SET body = replace(body, 'the two', 'the other') WHERE seq = 4", 4],
  ["edited into what is no event", "UPDATE events SET body = 'nothing' WHERE seq = 3", 3],
  ["edited into an event that nobody knows, at the end", `UPDATE events SET body = '{"event":"x"}' WHERE seq = 6`, 6],
  ["removed", "DELETE FROM events WHERE seq = 2", 2],
  ["inserted at the end", "INSERT INTO events SELECT run, 7, at, body, prev, hash FROM events WHERE seq = 2", 7],
  ["put in another's place", "UPDATE events SET seq = CASE seq WHEN 2 THEN 4 ELSE 2 END WHERE seq IN (2, 4)", 2],
];

describe.each(edits)("a line of the journal that was %s", (_what, sql, seq) => {
  beforeEach(() => {
    const db = new DatabaseSync(join(home, "berth.db"));
    // A primary key is held row by row: what swaps two goes by way of a copy.
    const swap = sql.includes("CASE")
      ? `CREATE TABLE copy AS SELECT * FROM events; ${sql.replace("UPDATE events", "UPDATE copy")};
         DELETE FROM events; INSERT INTO events SELECT * FROM copy`
      : sql;
    db.exec(`DROP TRIGGER events_stay; DROP TRIGGER events_last; ${swap}`);
    db.close();
  });

  test("is named to who reads the run, and hides nothing else of it", () => {
    expect(editedLine(berth, run)).toBe(seq);
    const reading = readRun(berth, run);
    expect(reading.editedLine).toBe(seq);
    expect(reading.steps.map(({ id }) => id)).toEqual(["one", "two"]);
    expect(listRuns(berth).map(({ id }) => id)).toEqual([run]);
  });

  test("is named to who follows it, in the tool and in the resource", async () => {
    const seen: string[] = [];
    const reading = { machine: thisMachine(), logs: home, onEvent: ({ event }: { event: string }) => seen.push(event) };
    await follow(runStore(store), run, reading);
    expect(seen).toContain("opened");
    const surface = {
      runs: { read: (id: string) => readRun(berth, id) },
      scrub: (text: string) => text,
      scrubber: () => (text: string) => text,
    } as unknown as Surface;
    const asked = getRun.input.parse({ run, wait_seconds: 0 });
    const { warning } = (await getRun.run(asked, { surface } as Call)) as { warning: string };
    expect(warning).toContain(`Line ${seq} of the run's journal`);
    expect(resource.read(surface, run)).toContain(`"editedLine": ${seq}`);
  });

  test("keeps the run from going on", async () => {
    const refused = expect.objectContaining({
      code: "journal_edited",
      message: expect.stringContaining(`Line ${seq} `),
      object: run,
      next: expect.stringContaining("berth up"),
    });
    expect(() => assertOpen(runStore(store), run, "apply")).toThrow(refused);
    await expect(resume(berth, run)).rejects.toEqual(refused);
  });
});
