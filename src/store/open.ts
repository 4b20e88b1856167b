import { closeSync, existsSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { damaged, exposed, filesOf, newer, readable, unwritable } from "./failure.ts";
import { markDemo } from "./meta.ts";
import { schema } from "./schema.ts";
import { type Store, storeOver } from "./store.ts";
import { damageInWal } from "./wal.ts";

export interface OpenOptions {
  /**
   * Only for the demo and the tests, and only when they make the folder: networks (CIDR) of the lab's servers. In such a
   * folder an agent's environment does not stop a grant for those servers (see approval/agent.ts).
   */
  demo?: { networks: readonly string[] };
}

/**
 * Opens the store in a state folder, making both where they are missing: the folder for its owner alone (0700), the
 * file 0600. Throws `store_unwritable`, `store_exposed`, `store_damaged`, `store_newer` or `store_busy`.
 */
export function openStore(folder: string, { demo }: OpenOptions = {}): Store {
  const [file, wal] = filesOf(folder);
  const fresh = readable(folder, () => prepare(folder, file));
  // Before SQLite opens it: that would take the rest of a damaged log for nothing, and remove it.
  const damage = readable(folder, () => damageInWal(wal));
  if (damage !== undefined) throw damaged(folder, damage);
  if (!fresh) readable(folder, () => assertWhole(folder, file));
  const db = readable(folder, () => new DatabaseSync(file));
  const store = storeOver(db, folder);
  try {
    configure(db, folder);
    migrate(db, store);
    if (demo && fresh) markDemo(store, demo.networks);
    return store;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Makes the file before SQLite does, so that it is never readable by others. True where it was not there. */
function prepare(folder: string, file: string): boolean {
  makeFolder(folder);
  const stat = statSync(folder);
  if (!stat.isDirectory()) throw unwritable(folder, "It is not a folder.");
  if (stat.mode & 0o077) throw exposed(folder);
  try {
    closeSync(openSync(file, "wx", 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** One by one: Node's `recursive` never returns where a folder can neither be made nor found, as below /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process made it just now.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function configure(db: DatabaseSync, folder: string): void {
  readable(folder, () => {
    // By hand: the constructor's `timeout` is ignored on Node 22.
    db.exec("PRAGMA busy_timeout = 10000");
    // Two that open a new file at once: the switch to WAL does not wait for its turn as writes do, so it stands in one.
    switchToWal(db);
    db.exec("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
  });
}

/** By a connection that cannot write: another would bring a damaged file up to date from its log when it is closed. */
function assertWhole(folder: string, file: string): void {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    db.exec("PRAGMA busy_timeout = 10000");
    const check = db.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
    if (check !== "ok") throw damaged(folder, String(check));
  } finally {
    db.close();
  }
}

function switchToWal(db: DatabaseSync): void {
  for (let attempt = 1; ; attempt++) {
    try {
      db.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== 5 || attempt === 50) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

/** The version is read inside the transaction: of two that open an old file at once, one finds it done. */
function migrate(db: DatabaseSync, store: Store): void {
  const version = () => readable(store.folder, () => Number(db.prepare("PRAGMA user_version").get()?.["user_version"]));
  if (version() === schema.length) return;
  store.write(() => {
    const from = version();
    if (from > schema.length) throw newer(store.folder, from, schema.length);
    readable(store.folder, () => {
      for (const step of schema.slice(from)) db.exec(step);
      db.exec(`PRAGMA user_version = ${schema.length}`);
    });
  });
}
