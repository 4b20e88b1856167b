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
    case 5:
      return busy(folder);
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

const fileErrors = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST", "ENOENT", "ENOSPC"]);

export const unwritable = (folder: string, cause: string) =>
  new BerthError({
    code: "store_unwritable",
    message: "Berth cannot write its state.",
    object: folder,
    cause,
    next: `See who owns it and whether its disk is full: ls -ld ${folder}; df ${folder}`,
  });

export const damaged = (folder: string, cause: string) =>
  new BerthError({
    code: "store_damaged",
    message: "Berth's state file is damaged.",
    object: folder,
    cause,
    next: "Put a backup of the folder in its place, or move it away and use berth adopt for each server.",
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
