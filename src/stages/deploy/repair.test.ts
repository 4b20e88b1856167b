import type Docker from "dockerode";
import { expect, test } from "vitest";
import { repairHalfMade } from "./repair.ts";

const missing =
  'psql: error: connection to server at "127.0.0.1", port 5432 failed: FATAL:  database "shop" does not exist\n';
const started = "2026-11-24T03:10:00.5Z";
const later = "2026-11-24T04:10:02.123456789+01:00";

/** A container whose check has said this, and what was run in it. */
function engineWith(log: { Start: string; Output: string }[]) {
  const ran: string[][] = [];
  const exec = async ({ Cmd }: { Cmd: string[] }) => {
    ran.push(Cmd);
    return { start: async () => [], inspect: async () => ({ ExitCode: 0 }) };
  };
  const inspect = async () => ({ State: { StartedAt: started, Health: { Log: log } } });
  return { ran, engine: { getContainer: () => ({ inspect, exec }) } as unknown as Docker };
}

const repair = (engine: Docker, kind = "postgres") => repairHalfMade(engine, { id: "1", kind }, () => undefined);

test("a database that its first start did not make is made, by a command that holds no password", async () => {
  const { engine, ran } = engineWith([{ Start: later, Output: missing }]);
  expect(await repair(engine)).toBe("");
  expect(ran).toHaveLength(1);
  expect(ran[0]?.slice(0, 2)).toEqual(["sh", "-c"]);
  expect(ran[0]?.[2]).toMatch(/^PGPASSWORD="\$POSTGRES_PASSWORD" .*createdb .*"\$POSTGRES_DB"$/);
});

test.each([
  ["nothing was said yet", []],
  ["it was said before it was started again", [{ Start: "2026-11-24T03:09:00Z", Output: missing }]],
  ["it does not answer yet", [{ Start: later, Output: "psql: error: connection refused" }]],
  ["the role is what is missing", [{ Start: later, Output: 'FATAL:  role "shop" does not exist' }]],
  [
    "it has been well since",
    [
      { Start: later, Output: missing },
      { Start: later, Output: "" },
    ],
  ],
])("nothing is done where %s", async (_what, log) => {
  const { engine, ran } = engineWith(log);
  expect(await repair(engine)).toBeUndefined();
  expect(ran).toEqual([]);
});

test("another kind of backing service is left alone, whatever it says", async () => {
  const { engine, ran } = engineWith([{ Start: later, Output: missing }]);
  expect(await repair(engine, "redis")).toBeUndefined();
  expect(ran).toEqual([]);
});
