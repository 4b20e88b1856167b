import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { newId } from "./id.ts";

/** A file for its owner alone; where it is missing it is made whole, and of two that make it at once one wins. */
export function readPrivateFile(path: string, make: () => string): string {
  const found = readIfThere(path);
  if (found !== undefined) return found;
  const fresh = writeBeside(path, make());
  try {
    linkSync(fresh, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(fresh, { force: true });
  }
  return readFileSync(path, "utf8");
}

/** Puts a new content in the file's place, whole or not at all. */
export const writePrivateFile = (path: string, content: string): void => renameSync(writeBeside(path, content), path);

/** Makes a file for its owner alone, on the disk when this returns. Throws `EEXIST` where something of that name is. */
export function writeNewFile(path: string, content: string): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function writeBeside(path: string, content: string): string {
  const fresh = `${path}.${newId("new")}`;
  writeNewFile(fresh, content);
  return fresh;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
