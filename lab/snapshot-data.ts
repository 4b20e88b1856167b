import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "./names.ts";
import type { Os } from "./server-container.ts";
import { run } from "./shell.ts";

/** What a snapshot is: the image of the root file system; beside it lie the two stores of the server's Engine. */
export interface Snapshot {
  key: string;
  os: Os;
  user: string;
  image: string;
}

/** Where snapshots lie. */
export const snapshotsFolder = (lab: Lab): string => join(lab.dir, "snapshots");

export const stores = ["docker", "containerd"] as const;

/** The folder of the snapshot with that key: any short name, a hash for instance. */
export function snapshotFolder(lab: Lab, key: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,80}$/.test(key))
    throw new Error(`"${key}" cannot name a snapshot: a-z, 0-9, ., _ and -`);
  return join(snapshotsFolder(lab), key);
}

/** The snapshot with that key; throws where there is none. */
export async function snapshotRecord(lab: Lab, key: string): Promise<Snapshot> {
  const text = await readFile(join(snapshotFolder(lab, key), "snapshot.json"), "utf8").catch(() => undefined);
  if (text === undefined) throw new Error(`${lab.name} has no snapshot ${key}`);
  return JSON.parse(text) as Snapshot;
}

/** Puts the stores of a snapshot into a server's folder; empty ones without a snapshot. */
export async function restoreData(lab: Lab, key: string | undefined, folder: string): Promise<void> {
  for (const store of stores) await mkdir(join(folder, store), { recursive: true });
  if (key !== undefined) await copyStores(snapshotFolder(lab, key), folder);
}

/** Copies both stores with all modes, owners and attributes; by reference where the file system can. */
export async function copyStores(from: string, to: string): Promise<void> {
  for (const store of stores) await run("cp", ["-a", "--reflink=auto", "--sparse=always", join(from, store), to]);
}
