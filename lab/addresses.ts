import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "./names.ts";

const folderOf = (lab: Lab) => join(lab.dir, "addresses");

/** A number that no other server of the lab has, as long as this one exists; servers are made side by side, so a file claims it. */
export async function claimNumber(lab: Lab, server: string): Promise<number> {
  await releaseNumber(lab, server);
  for (let number = 2; number < 255; number++) {
    try {
      await writeFile(join(folderOf(lab), String(number)), server, { flag: "wx" });
      return number;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  throw new Error(`${lab.name} has 253 servers already`);
}

/** Gives a server's number back. */
export async function releaseNumber(lab: Lab, server: string): Promise<void> {
  await mkdir(folderOf(lab), { recursive: true });
  for (const number of await readdir(folderOf(lab))) {
    const file = join(folderOf(lab), number);
    if ((await readFile(file, "utf8").catch(() => "")) === server) await rm(file, { force: true });
  }
}
