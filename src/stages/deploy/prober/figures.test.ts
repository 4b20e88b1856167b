import { expect, test } from "vitest";
import { Figures, figuresLine, figuresOf } from "./figures.ts";
import type { ProbeRecord } from "./prober.ts";

const began = Date.UTC(2026, 0, 1);

/** A request that was sent so many ms after the first. */
const record = (after: number, ms: number, more: Partial<ProbeRecord> = {}): ProbeRecord => ({
  ...{ n: after, at: began + after, ms, host: "shop.example.com", connection: "new" },
  ...{ ok: true, status: 200, bytes: 2, error: null, detail: null, version: "a", ...more },
});
const refused = { ok: false, status: null, error: "ECONNREFUSED", version: null };
const steady = (count: number) => Array.from({ length: count }, (_, n) => record(n * 100, n + 1));

test("what was answered, how fast, and from when to when", () => {
  const figures = figuresOf({ records: steady(100).toReversed(), missed: 0 }, began + 4000);
  expect(figures).toEqual({
    ...{ from: "2026-01-01T00:00:00.000Z", lasted: 10_000, sent: 100, failed: 0, failures: {}, missed: 0 },
    ...{ slowest: 100, p50: 50, p99: 99, unanswered: 100, switched: 4000 },
    versions: [{ version: "a", answers: 100, first: 0, last: 9900 }],
  });
  expect(Figures.parse(JSON.parse(JSON.stringify(figures)))).toEqual(figures);
  expect(figuresLine(figures)).toBe("while the release was switched: 100 requests, 0 failed, slowest 100 ms");
  expect(figuresLine(figures, true)).toMatch(/^while the release was switched, since the run was taken up again: 100 /);
});

test("each kind of failure by itself, and how long nobody was answered", () => {
  const records = [
    record(0, 10),
    record(100, 3000, refused),
    record(200, 5000, { ok: false, status: 502, version: "proxy" }),
    record(300, 4000, refused),
    record(400, 4900),
    record(5500, 10),
  ];
  const figures = figuresOf({ records, missed: 2 }, null);
  expect(figures).toMatchObject({
    ...{ sent: 6, failed: 3, failures: { "HTTP 502": 1, ECONNREFUSED: 2 }, slowest: 5000, switched: null },
    // From when the second was sent to when the fifth was answered.
    ...{ unanswered: 5200, missed: 2 },
  });
  expect(figuresLine(figures)).toBe(
    "while the release was switched: 6 requests, 3 failed (2 × ECONNREFUSED, 1 × HTTP 502), slowest 5.0 s, for 5.2 s nobody was answered, 2 not sent: this computer was busy or asleep",
  );
});

test("a time in which nobody asked is no time without an answer", () => {
  expect(figuresOf({ records: [record(0, 10), record(60_000, 10)], missed: 599 }, null).unanswered).toBe(10);
});

test("failures at the beginning and at the end count as well as those between", () => {
  expect(figuresOf({ records: [record(0, 1500, refused), record(2000, 10)], missed: 0 }, null).unanswered).toBe(2010);
  expect(figuresOf({ records: [record(0, 10), record(100, 1500, refused)], missed: 0 }, null).unanswered).toBe(1500);
  expect(figuresOf({ records: [record(0, 700, refused)], missed: 0 }, null)).toMatchObject({
    ...{ unanswered: 700, p50: null, p99: null, versions: [] },
  });
  expect(figuresOf({ records: [], missed: 3 }, began)).toMatchObject({ sent: 0, unanswered: 0, switched: null });
});

test("versions with their times; answers that always differ tell of none", () => {
  const two = [record(0, 1), record(100, 1), record(200, 1, { version: "b" }), record(300, 1, { version: "b" })];
  expect(figuresOf({ records: two, missed: 0 }, null).versions).toEqual([
    { version: "a", answers: 2, first: 0, last: 100 },
    { version: "b", answers: 2, first: 200, last: 300 },
  ]);
  const tokens = steady(20).map((one, n) => ({ ...one, version: `token ${n}` }));
  expect(figuresOf({ records: tokens, missed: 0 }, null).versions).toEqual([]);
});
