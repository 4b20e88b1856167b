import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { newId } from "../../kit/id.ts";
import { writeNewFile } from "../../kit/private-file.ts";

/** The file's text; empty where there is none. */
export function readIfThere(file: string): string {
  return ifThere(() => readFileSync(file, "utf8")) ?? "";
}

/**
 * Puts a new text in the place of a client's file, whole or not at all: mode and owner stay, a link goes on leading there.
 * Answers the copy of what stood there before our first change; undefined where nothing did. Where the file is no longer
 * as it was read, nothing is written and the answer is `changed`.
 */
export function replaceFile(
  file: string,
  read: string,
  text: string,
): { written: true; backup: string | undefined } | "changed" {
  const target = behindLinks(file);
  const before = ifThere(() => statSync(target));
  mkdirSync(dirname(target), { recursive: true });
  const fresh = `${target}.${newId("new")}`;
  try {
    writeLike(before, fresh, text);
    const backup = before && keepFirst(target);
    // Clients write this file themselves, some of them often.
    if (readIfThere(target) !== read) return "changed";
    renameSync(fresh, target);
    return { written: true, backup };
  } finally {
    rmSync(fresh, { force: true });
  }
}

/** For its owner alone where it is new: others put secrets into these files. */
function writeLike(before: Stats | undefined, path: string, text: string): void {
  writeNewFile(path, text);
  if (!before) return;
  if (before.uid !== process.getuid?.()) chownSync(path, before.uid, before.gid);
  chmodSync(path, before.mode & 0o7777);
}

/** A copy of the file as it was before Berth first touched it; a later one would hold our own entry. */
function keepFirst(file: string): string {
  const backup = `${file}.before-berth`;
  try {
    copyFileSync(file, backup, constants.COPYFILE_EXCL);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return backup;
}

/** Where a chain of links ends, also where nothing is there yet. */
function behindLinks(file: string): string {
  let path = file;
  for (let links = 0; links < 40 && ifThere(() => lstatSync(path))?.isSymbolicLink(); links++)
    path = resolve(dirname(path), readlinkSync(path));
  return path;
}

function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
