import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { attemptDocker, docker } from "./engine.ts";
import { exclusively } from "./lock.ts";
import { containerName, type Lab } from "./names.ts";
import { describeServer, diskFile, readServer, stopServer } from "./server.ts";
import { copyStores, type Snapshot, snapshotFolder, snapshotsFolder } from "./snapshot-data.ts";
import { serverFolder } from "./ssh.ts";

/** Whether the lab has the snapshot. */
export const hasSnapshot = (lab: Lab, key: string): boolean =>
  existsSync(join(snapshotFolder(lab, key), "snapshot.json"));

/** The keys of the lab's snapshots. */
export const snapshotKeys = (lab: Lab): Promise<string[]> =>
  readdir(snapshotsFolder(lab)).then(
    (names) => names.filter((name) => hasSnapshot(lab, name)),
    () => [],
  );

/**
 * Keeps a server as it is, to begin others with: they are the same machine, host keys too, at another address, under
 * another name, in another control group. The server is off while it is copied, and runs afterwards.
 */
export async function saveSnapshot(lab: Lab, server: string, key: string): Promise<void> {
  await exclusively(lab, `snapshot-${lab.name}-${key}`, async () => {
    const { os, user } = await readServer(lab, server);
    if (existsSync(join(serverFolder(lab, server), diskFile)))
      throw new Error(`${server} has a disk of its own: a snapshot would be without it`);
    const folder = snapshotFolder(lab, key);
    const [made, image] = [`${folder}.new`, `${lab.name}/snapshot:${key}`];
    await removeSnapshot(lab, key);
    await mkdir(made, { recursive: true });
    await stopServer(lab, server);
    await docker(lab, ["commit", containerName(lab, server), image]);
    await copyStores(serverFolder(lab, server), made);
    await writeFile(join(made, "snapshot.json"), JSON.stringify({ key, os, user, image } satisfies Snapshot));
    await rename(made, folder);
    await docker(lab, ["start", containerName(lab, server)]);
    await describeServer(lab, server);
  });
}

/** Forgets a snapshot; servers that began with it stay. */
export async function removeSnapshot(lab: Lab, key: string): Promise<void> {
  const folder = snapshotFolder(lab, key);
  await rm(folder, { recursive: true, force: true });
  await rm(`${folder}.new`, { recursive: true, force: true });
  await attemptDocker(lab, ["rmi", "--no-prune", `${lab.name}/snapshot:${key}`]);
}
