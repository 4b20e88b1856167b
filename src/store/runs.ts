import { z } from "zod";
import type { EventRow, LeaseRow, RunRecord, RunStore } from "../run/store.ts";
import { jsonOf } from "./json.ts";
import type { Store } from "./store.ts";

const Call = z.object({ id: z.string(), kind: z.string(), input: z.unknown() });

const Run = z
  .object({
    id: z.string(),
    stack: z.string().nullable(),
    operation: jsonOf(z.unknown()),
    grant_id: z.string().nullable(),
    parts: jsonOf(z.array(z.string())),
    calls: jsonOf(z.array(Call)),
    version: z.string(),
    created: z.string(),
  })
  .transform(({ grant_id: grant, ...run }) => ({ ...run, grant }));

const Event = z.object({
  run: z.string(),
  seq: z.number(),
  at: z.string(),
  body: z.string(),
  prev: z.string(),
  hash: z.string(),
});

const Lease = z.object({
  run: z.string(),
  owner: z.string(),
  pid: z.number(),
  started: z.string().nullable(),
  boot: z.string().nullable(),
  fence: z.number(),
  expires: z.number(),
});

/** Runs, newest first; only a stack's where one is named. */
export const runs = (store: Store, { stack, limit = 50 }: { stack?: string; limit?: number } = {}): RunRecord[] =>
  store.all(Run, "SELECT * FROM runs WHERE ?1 IS NULL OR stack = ?1 ORDER BY id DESC LIMIT ?2", stack ?? null, limit);

/** The store as the engine wants it: run/store.ts says what each of these promises. */
export const runStore = (store: Store): RunStore => ({
  write: store.write,
  version: store.version,
  addRun: ({ id, stack, operation, grant, parts, calls, version, created }: RunRecord): void => {
    const json = [operation, parts, calls].map((data) => JSON.stringify(data));
    const [operationJson = "", partsJson = "", callsJson = ""] = json;
    const insert = "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    store.run(insert, id, stack, operationJson, grant, partsJson, callsJson, version, created);
  },
  run: (id: string) => store.get(Run, "SELECT * FROM runs WHERE id = ?", id),
  events: (run: string, after: number) =>
    store.all(Event, "SELECT * FROM events WHERE run = ? AND seq > ? ORDER BY seq", run, after),
  lastEvent: (run: string) => store.get(Event, "SELECT * FROM events WHERE run = ? ORDER BY seq DESC LIMIT 1", run),
  addEvent: ({ run, seq, at, body, prev, hash }: EventRow): void =>
    store.run("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", run, seq, at, body, prev, hash),
  lease: (run: string) => store.get(Lease, "SELECT * FROM leases WHERE run = ?", run),
  putLease: ({ run, owner, pid, started, boot, fence, expires }: LeaseRow): void => {
    const replace = "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?, ?, ?)";
    store.run(replace, run, owner, pid, started, boot, fence, expires);
  },
  addCancel: (run: string, fence: number, at: string): void =>
    store.run("INSERT OR IGNORE INTO cancels VALUES (?, ?, ?)", run, fence, at),
  cancelled: (run: string, fence: number) =>
    store.get(z.object({ run: z.string() }), "SELECT run FROM cancels WHERE run = ? AND fence = ?", run, fence) !==
    undefined,
});
