import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { copyOfGuestbook } from "../../e2e/berth.ts";
import { migrationRestMs } from "./points.ts";

/** What the migration says when its first row is there. */
export const firstRowSaid = "good morning is said";

/** A line of the guestbook's page, and what a second release says instead. */
export const invitations = { old: "Leave a word, and a picture if you like.", new: "Leave a word or a picture." };

/** A copy of the guestbook whose release command is not idempotent: it adds two rows each time, and rests between them. */
export async function slowGuestbook(invitation = invitations.old): Promise<string> {
  const folder = await copyOfGuestbook();
  await replaceIn(join(folder, "package.json"), '"node src/migrate.js"', '"node src/migrate.js && node src/greet.js"');
  await replaceIn(join(folder, "src/page.js"), invitations.old, invitation);
  await writeFile(join(folder, "src/greet.js"), greet);
  return folder;
}

async function replaceIn(file: string, old: string, text: string): Promise<void> {
  const before = await readFile(file, "utf8");
  if (!before.includes(old)) throw new Error(`${file} does not say ${old} any more`);
  await writeFile(file, before.replace(old, text));
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
