import { join } from "node:path";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { type Client, clients } from "./install/clients.ts";
import { type Entry, entryFor, type Program } from "./install/entry.ts";
import { type Merged, mergeEntry } from "./install/merge.ts";
import { readIfThere, replaceFile } from "./install/write.ts";
import type { ExitCode, Terminal } from "./terminal.ts";

export interface InstallOptions {
  name: string;
  print?: boolean;
  readOnly?: boolean;
  project?: boolean;
}

/** Shows what a client's configuration gets and where, and puts it there. Throws `usage` and what merging throws. */
export function install(terminal: Terminal, program: Program, id: string, options: InstallOptions): ExitCode {
  const client = clientOf(id);
  if (!/^[a-z][a-z0-9_-]{0,39}$/i.test(options.name))
    throw usage(
      options.name,
      "A server's name has letters, digits, - and _, and begins with a letter.",
      "--name berth",
    );
  const file = fileOf(client, program, options);
  const entry = entryFor(client, program, options);
  const shown = JSON.stringify({ [client.key]: { [options.name]: entry } }, null, 2);
  terminal.say(`${client.title} reads ${file}. There shall stand:\n\n${shown}\n`);
  if (options.print === true) return 0;

  const { equal, kept, backup } = put(client, file, options.name, entry);
  terminal.say(
    equal ? "✓ It stands there already; nothing was written." : "✓ Written; all else in the file is as it was.",
  );
  if (backup !== undefined) terminal.say(`  As it was before Berth: ${backup}`);
  if (kept.length > 0) terminal.say(`  Kept in the entry: ${kept.map((part) => cleanLine(part)).join(", ")}`);
  if (options.project === true)
    terminal.note("! The paths are this computer's: others who use the project have their own.");
  terminal.note(`\n${client.restart}\nThen ask it: “What does Berth know of here, and what can it do?”`);
  return 0;
}

function put(client: Client, file: string, name: string, entry: Entry): Merged & { backup?: string | undefined } {
  for (let attempt = 1; attempt <= 5; attempt++) {
    const read = within(client, file, () => readIfThere(file));
    const merged = mergeEntry(file, read, client.key, name, entry);
    if (merged.equal) return merged;
    const outcome = within(client, file, () => replaceFile(file, read, merged.text));
    if (outcome !== "changed") return { ...merged, backup: outcome.backup };
  }
  throw stillWritten(client, file);
}

/** What the file system refuses is the person's to mend. */
function within<T>(client: Client, file: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new BerthError({
      code: "client_file_refused",
      message: "The client's configuration cannot be read or written here.",
      object: file,
      cause: (error as Error).message,
      next: `Mend that, or put there by hand what this shows: berth install ${client.id} --print`,
    });
  }
}

function clientOf(id: string): Client {
  const client = clients.find((one) => one.id === id);
  if (client) return client;
  throw usage(id, "Berth does not know this client.", `berth install ${clients.map((one) => one.id).join("|")}`);
}

function fileOf(client: Client, { env, cwd }: Program, { project }: InstallOptions): string {
  if (project !== true) return client.file({ platform: process.platform, env });
  if (client.project !== undefined) return join(cwd, client.project);
  throw usage(client.id, `${client.title} has no configuration of a project.`, `berth install ${client.id}`);
}

const usage = (object: string, cause: string, next: string) =>
  new BerthError({
    code: "usage",
    message: "Berth cannot be installed like this.",
    object: cleanLine(object),
    cause,
    next,
  });

const stillWritten = (client: Client, file: string) =>
  new BerthError({
    code: "client_file_busy",
    message: "The client's configuration changed each time before it could be written.",
    object: file,
    cause: `${client.title} seems to be writing it right now.`,
    next: `Quit ${client.title}, then: berth install ${client.id}`,
  });
