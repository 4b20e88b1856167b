import { realpath } from "node:fs/promises";
import { relative, resolve, sep } from "node:path";
import { BerthError } from "../kit/error.ts";
import type { Source } from "../stages/source/parse.ts";
import type { Config } from "./config.ts";

/** The state folder holds keys: as a source, what it holds would be read by models and go into images. */
export async function refuseState({ home }: Config, source: Source, cwd: string): Promise<void> {
  if (source.kind !== "folder") return;
  const [folder, state] = [await real(resolve(cwd, source.path)), await real(home)];
  if (!isWithin(folder, state) && !isWithin(state, folder)) return;
  throw refused(
    "A source cannot be Berth's own state folder, hold it, or lie in it.",
    folder,
    `${state} holds keys and secrets.`,
    "Name the folder that holds the program alone.",
  );
}

/** Where the system keeps its own, on Linux and macOS. */
const systems = ["/boot", "/dev", "/etc", "/proc", "/run", "/sys", "/var/log", "/Library", "/System", "/private/etc"];

/**
 * Where a model names the folder: it may have been told to by a text that wants to know what other programs keep there.
 * What is read as a source can leave again, in the name of a branch or a server. A person can still type any folder.
 */
export async function refusePrivate({ env }: Config, source: Source, cwd: string): Promise<void> {
  if (source.kind !== "folder") return;
  const folder = await real(resolve(cwd, source.path));
  const cause = await whyPrivate(folder, env["HOME"]);
  if (cause === undefined) return;
  throw refused(
    "A folder of this kind is not read for a client.",
    folder,
    cause,
    "Name the folder that holds the program alone; a person can name any folder on the command line: berth plan FOLDER --server SERVER",
  );
}

async function whyPrivate(folder: string, home: string | undefined): Promise<string | undefined> {
  if (folder === sep || systems.some((system) => isWithin(folder, system))) return "The system keeps its own there.";
  if (!home) return undefined;
  const own = await real(home);
  if (isWithin(own, folder)) return "It holds all that a person has here.";
  const [first = ""] = relative(own, folder).split(sep);
  const isKept = isWithin(folder, own) && (first.startsWith(".") || first === "Library");
  return isKept ? `Programs keep settings and credentials in ${first} of the home folder.` : undefined;
}

const real = (path: string) => realpath(path).catch(() => path);
const isWithin = (inner: string, outer: string) => `${inner}${sep}`.startsWith(outer === sep ? sep : `${outer}${sep}`);

const refused = (message: string, object: string, cause: string, next: string) =>
  new BerthError({ code: "source_refused", message, object, cause, next });
