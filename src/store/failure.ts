import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { ZodError } from "zod";
import { BerthError } from "../kit/error.ts";

/** Runs `act`; what SQLite or the file system throws comes out as a failure for a reader. */
export function readable<T>(folder: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw translated(folder, error);
  }
}

function translated(folder: string, error: unknown): unknown {
  if (error instanceof ZodError)
    return damaged(folder, `A row has an unknown shape: ${error.issues[0]?.message ?? ""}`);
  if (!(error instanceof Error) || error instanceof BerthError) return error;
  const { code, errcode } = error as Error & { code?: string; errcode?: number };
  if (code !== undefined && fileErrors.has(code)) return unwritable(folder, error.message);
  if (code !== "ERR_SQLITE_ERROR" || errcode === undefined) return error;
  // The low byte is the primary result code (sqlite.org/rescode.html).
  switch (errcode & 0xff) {
    case 1:
      // Our own words are the same each time: where a table is missing, the file is not what its version says.
      return /^no such (table|column|index|trigger)/.test(error.message) ? damaged(folder, error.message) : error;
    case 5:
    case 6:
    case 15:
      return busy(folder);
    case 3:
    case 8:
    case 10:
    case 13:
    case 14:
      return unwritable(folder, error.message);
    case 11:
    case 26:
      return damaged(folder, error.message);
    default:
      return error;
  }
}

const fileErrors = new Set([
  ...["EACCES", "EPERM", "EROFS", "ENOTDIR", "EISDIR", "EEXIST", "ENOENT"],
  ...["ENOSPC", "EDQUOT", "EIO", "EMFILE", "ENFILE"],
]);

export function unwritable(folder: string, cause: string): BerthError {
  const { why, next } = obstacle(folder);
  return new BerthError({
    code: "store_unwritable",
    message: "Berth cannot write its state.",
    object: folder,
    cause: why === undefined ? cause : `${why} (${cause})`,
    next,
  });
}

/** Why a store cannot be written at this moment, as far as its disk and rights tell; undefined where nothing speaks against it. */
export const troubleWith = (folder: string): BerthError | undefined =>
  obstacle(folder).why === undefined ? undefined : unwritable(folder, "seen just now");

/** What SQLite names only in general: "disk I/O error", "unable to open database file". */
function obstacle(folder: string): { why?: string; next: string } {
  const look = `See who owns it, and what it lies on: ls -la ${folder}; df -h ${folder}`;
  try {
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < 256 * 1024)
      return { why: "Its disk is full.", next: `Make room on it, then try the same again: df -h ${folder}` };
    for (const path of [folder, ...filesOf(folder).filter((file) => existsSync(file))])
      accessSync(path, constants.R_OK | constants.W_OK);
    return { next: look };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EROFS")
      return {
        why: "Its file system is mounted read-only.",
        next: `See what made it so, and mount it for writing: findmnt -T ${folder}; dmesg | tail`,
      };
    if (code === "EACCES" || code === "EPERM")
      return { why: "It is not this user's to write.", next: `See who owns it: id -un; ls -la ${folder}` };
    return { next: look };
  }
}

/** The files of a store: SQLite keeps the last two beside the first while it is open, and after a crash. */
export const filesOf = (folder: string): [string, string, string] => {
  const file = join(folder, "berth.db");
  return [file, `${file}-wal`, `${file}-shm`];
};

export const damaged = (folder: string, cause: string) =>
  new BerthError({
    code: "store_damaged",
    message: "Berth's state file is damaged.",
    object: folder,
    cause,
    next: `Nothing was changed in it. Put a backup of the folder in its place; without one: mv ${folder} ${folder}.damaged, then berth up for each stack, which finds what stands on its server. Approvals, secrets that were set and the history of runs lie in the damaged folder alone.`,
  });

const busy = (folder: string) =>
  new BerthError({
    code: "store_busy",
    message: "Berth's state file stayed locked.",
    object: folder,
    cause: "Another program holds a long transaction on it.",
    next: "End that program, then try again.",
  });

export const newer = (folder: string, theirs: number, ours: number) =>
  new BerthError({
    code: "store_newer",
    message: "A newer Berth has written this state.",
    object: folder,
    cause: `Its format is ${theirs}; this version knows formats up to ${ours}.`,
    next: "Use that newer version of Berth.",
  });

export const exposed = (folder: string) =>
  new BerthError({
    code: "store_exposed",
    message: "Others on this machine can look into Berth's state folder.",
    object: folder,
    cause: "It holds keys and journals, and its mode lets the group or everybody in.",
    next: `chmod 700 ${folder}`,
  });
