import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { copyOfGuestbook } from "../../e2e/berth.ts";
import { migrationRestMs } from "./points.ts";

/** What the migration says when its first row is there. */
export const firstRowSaid = "good morning is said";

/** A copy of the guestbook whose release command is not idempotent: it adds two rows each time, and rests between them. */
export async function slowGuestbook(): Promise<string> {
  const folder = await copyOfGuestbook();
  const manifest = join(folder, "package.json");
  const text = await readFile(manifest, "utf8");
  const changed = text.replace('"node src/migrate.js"', '"node src/migrate.js && node src/greet.js"');
  if (changed === text) throw new Error(`${manifest} has another script to migrate`);
  await writeFile(manifest, changed);
  await writeFile(join(folder, "src/greet.js"), greet);
  return folder;
}

const greet = `import pg from "pg";
import { needed } from "./config.js";

const client = new pg.Client({ connectionString: needed(process.env, "DATABASE_URL") });
await client.connect();
await client.query("INSERT INTO entries (name, message) VALUES ('The house', 'Good morning')");
console.log("${firstRowSaid}");
await client.query("SELECT pg_sleep(${migrationRestMs / 1000})");
await client.query("INSERT INTO entries (name, message) VALUES ('The house', 'Good night')");
await client.end();
`;
