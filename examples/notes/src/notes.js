import { mkdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

/** The notes in a file, which is made where there is none. */
export function openNotes(file) {
  mkdirSync(path.dirname(file), { recursive: true });
  const database = new DatabaseSync(file);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA busy_timeout = 5000;
    CREATE TABLE IF NOT EXISTS notes (
      id INTEGER PRIMARY KEY,
      text TEXT NOT NULL,
      at TEXT NOT NULL DEFAULT (datetime('now'))
    ) STRICT`);
  const insert = database.prepare("INSERT INTO notes (text) VALUES (?) RETURNING id, text, at");
  const newest = database.prepare("SELECT id, text, at FROM notes ORDER BY id DESC LIMIT 200");
  const remove = database.prepare("DELETE FROM notes WHERE id = ?");
  return {
    add: (text) => insert.get(text),
    list: () => newest.all(),
    remove: (id) => remove.run(id).changes > 0,
    close: () => database.close(),
  };
}
