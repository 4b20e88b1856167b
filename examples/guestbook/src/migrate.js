import { readdir, readFile } from "node:fs/promises";
import pg from "pg";
import { needed } from "./config.js";

const folder = new URL("../migrations/", import.meta.url);

/** Applies the migrations that this database has not seen, in the order of their names, all of them or none. */
export async function migrate(databaseUrl) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("BEGIN");
    // Two migrations at once would both see the same list of applied ones.
    await client.query("SELECT pg_advisory_xact_lock(hashtext('guestbook.migrations'))");
    await client.query(
      "CREATE TABLE IF NOT EXISTS applied_migrations (name text PRIMARY KEY, at timestamptz DEFAULT now())",
    );
    const { rows } = await client.query("SELECT name FROM applied_migrations");
    const applied = new Set(rows.map((row) => row.name));
    const files = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
    const pending = files.filter((name) => !applied.has(name));
    for (const name of pending) {
      await client.query(await readFile(new URL(name, folder), "utf8"));
      await client.query("INSERT INTO applied_migrations (name) VALUES ($1)", [name]);
    }
    await client.query("COMMIT");
    return pending;
  } finally {
    // Ending the connection rolls back what was not committed.
    await client.end();
  }
}

if (import.meta.main) {
  const applied = await migrate(needed(process.env, "DATABASE_URL"));
  console.log(applied.length === 0 ? "nothing to migrate" : `migrated: ${applied.join(", ")}`);
}
