import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { z } from "zod";
import { newer, readable } from "./failure.ts";
import { schema } from "./schema.ts";

/** An open store: one connection to one SQLite file. The tables' functions take it as their first argument. */
export interface Store {
  /** The state folder that the file lies in. */
  readonly folder: string;
  /** One short transaction, or a part of the one that is under way; what throws undoes all of it. */
  write<T>(body: () => T): T;
  run(sql: string, ...values: SQLInputValue[]): void;
  /** Rows in the shape of `row`; throws `store_damaged` where one does not have it. */
  all<T>(row: z.ZodType<T>, sql: string, ...values: SQLInputValue[]): T[];
  get<T>(row: z.ZodType<T>, sql: string, ...values: SQLInputValue[]): T | undefined;
  /** Changes whenever this or another process may have changed something: readers poll it. */
  version(): string;
  close(): void;
}

/** The typed way to an opened database. */
export function storeOver(db: DatabaseSync, folder: string): Store {
  const guarded = <T>(act: () => T): T => readable(folder, act);
  // To prepare a statement takes longer than to run it, and there are few of them.
  const prepared = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    const statement = prepared.get(sql) ?? db.prepare(sql);
    prepared.set(sql, statement);
    return statement;
  };
  const assertKnown = () => {
    const version = Number(prepare("PRAGMA user_version").get()?.["user_version"]);
    if (version > schema.length) throw newer(folder, version, schema.length);
  };
  const write = transactions(db, folder, assertKnown);
  const all = <T>(row: z.ZodType<T>, sql: string, ...values: SQLInputValue[]): T[] =>
    guarded(() => {
      assertKnown();
      return prepare(sql)
        .all(...values)
        .map((found) => row.parse(found));
    });
  return {
    folder,
    all,
    get: (row, sql, ...values) => all(row, sql, ...values)[0],
    run: (sql, ...values) => write(() => guarded(() => void prepare(sql).run(...values))),
    write,
    version: () =>
      guarded(() => {
        const others = prepare("PRAGMA data_version").get()?.["data_version"];
        const own = prepare("SELECT total_changes() AS own").get()?.["own"];
        return `${others}.${own}`;
      }),
    close: () => db.close(),
  };
}

/**
 * IMMEDIATE: a transaction that began as a reader could not wait for its turn to write. A newer Berth may have changed the
 * file since it was opened: asked inside, so that nothing is written by who does not know its format.
 */
function transactions(db: DatabaseSync, folder: string, assertKnown: () => void): Store["write"] {
  let inside = false;
  return (body) => {
    if (inside) return body();
    readable(folder, () => db.exec("BEGIN IMMEDIATE"));
    inside = true;
    try {
      readable(folder, assertKnown);
      const result = body();
      readable(folder, () => db.exec("COMMIT"));
      return result;
    } catch (error) {
      undo(db);
      throw error;
    } finally {
      inside = false;
    }
  };
}

/** SQLite has taken some failures back by itself (a full disk); then there is nothing to roll back. */
function undo(db: DatabaseSync): void {
  try {
    db.exec("ROLLBACK");
  } catch (error) {
    if (!(error instanceof Error && /no transaction is active/.test(error.message))) throw error;
  }
}
