import { existsSync } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import { failureOf } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";
import { type Client, clients } from "../install/clients.ts";
import type { Program } from "../install/entry.ts";
import { entriesIn, isOurs } from "../install/merge.ts";
import { readIfThere } from "../install/write.ts";
import { type Check, ok, warn } from "./check.ts";

/** In which of the clients on this computer Berth stands, and whether what they start is still there. */
export const installedChecks = (program: Program): Check[] => clients.map((client) => checkOf(client, program));

function checkOf(client: Client, { env, startedWith }: Program): Check {
  const { id, title, key } = client;
  const file = client.file({ platform: process.platform, env });
  const install = `berth install ${id}`;
  // The folder of a client that keeps its file in the home folder says nothing.
  const isHere = existsSync(file) || (id !== "claude-code" && existsSync(dirname(file)));
  if (!isHere) return ok(title, "not seen on this computer");
  try {
    const entries = Object.entries(entriesIn(file, readIfThere(file), key));
    const [name, entry] = entries.find(([, one]) => isOurs(one) && isBerth(one, startedWith[1])) ?? [];
    if (name === undefined || !isOurs(entry)) return warn(title, `does not know Berth yet (${file})`, install);
    const gone = [entry.command, entry.args[0] ?? ""].find((path) => isAbsolute(path) && !existsSync(path));
    if (gone !== undefined) return warn(title, `starts ${cleanLine(gone)}, which is not there any more`, install);
    return ok(title, `starts Berth as “${cleanLine(name)}” (${file})`);
  } catch (error) {
    const { cause, next } = failureOf(error);
    return warn(title, cleanLine(`${file} cannot be read: ${cause}`), next);
  }
}

/** This one, or another installation: the folder or command is called so. */
const isBerth = ({ command, args }: { command: string; args: string[] }, file: string) =>
  args[0] === file || [command, args[0] ?? ""].some((path) => /\bberth\b/.test(path));
