import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { BerthError } from "../../kit/error.ts";

export interface Limits {
  /** Of all files together, for a git source its history's pack included. */
  maxBytes: number;
  maxFiles: number;
}

export const tooLarge = (object: string, cause: string) =>
  new BerthError({
    code: "too_large",
    message: "The source is larger than is allowed.",
    object,
    cause,
    next: "Leave out what is not needed (.gitignore, .dockerignore, a subfolder), or raise the limit.",
  });

export const megabytes = (bytes: number) => `${Math.ceil(bytes / 1_000_000)} MB`;

/** Looks at a growing folder every 250 ms and calls `onTooLarge` once it holds more than `maxBytes`. */
export function watchSize(dir: string, maxBytes: number, onTooLarge: () => void): { stop(): void } {
  let stopped = false;
  const look = async () => {
    if ((await sizeOf(dir, maxBytes)) > maxBytes && !stopped) onTooLarge();
    else if (!stopped) timer = setTimeout(look, 250);
  };
  let timer = setTimeout(look, 250);
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Bytes of all files below, or something over `enough` as soon as there are more. Files that vanish meanwhile count 0. */
async function sizeOf(dir: string, enough: number): Promise<number> {
  let total = 0;
  for (const entry of await readdir(dir, { withFileTypes: true }).catch(() => [])) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) total += await sizeOf(path, enough - total);
    else if (entry.isFile()) total += (await stat(path).catch(() => undefined))?.size ?? 0;
    if (total > enough) break;
  }
  return total;
}
