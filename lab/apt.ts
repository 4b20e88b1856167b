import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The Debian mirror that this machine's own apt uses; undefined on Ubuntu and elsewhere. Plain http, for a fresh server lacks private authorities. */
export async function aptMirror(folder = "/etc/apt"): Promise<string | undefined> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  for (const name of names.filter((one) => /\.(list|sources)$/.test(one)).sort()) {
    const found = mirrorIn(await readFile(join(folder, name), "utf8"));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first Debian archive that a sources file names. */
export function mirrorIn(sources: string): string | undefined {
  const lines = sources.split("\n").filter((line) => !line.trimStart().startsWith("#"));
  const address = lines.flatMap((line) => line.split(/\s+/)).find((word) => /^https?:.*\/debian\/?$/.test(word));
  return address?.replace(/\/$/, "").replace(/^https:/, "http:");
}
