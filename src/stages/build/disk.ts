import { statfs } from "node:fs/promises";
import type Docker from "dockerode";
import type { Host } from "../../host/host.ts";
import { BerthError, diskFullHere } from "../../kit/error.ts";
import type { Layer } from "./archive.ts";
import { type ImageName, referenceOf } from "./images.ts";

/** Free bytes that a server keeps for what runs on it. */
const reserve = 256e6;

/** Throws `disk_low` where these layers would not fit. The Engine holds a layer twice while it unpacks it. */
export async function checkDisk(host: Host, server: Docker, name: ImageName, missing: readonly Layer[]): Promise<void> {
  const info = (await server.info()) as { DockerRootDir: string };
  const folder = info.DockerRootDir;
  const free = Number((await host.read(["df", "-B1", "--output=avail", folder])).trim().split("\n").at(-1));
  const needed = 2 * missing.reduce((sum, { size }) => sum + size, 0) + reserve;
  if (free < needed) throw diskLow({ name, host: host.name, folder, free, needed });
}

/** Free bytes that this computer keeps for the journal and the logs. */
const reserveHere = 32e6;

/**
 * Throws `disk_full_here` where an image's archive would not fit: by the Engine's word on the image's size, which it comes
 * close to.
 */
export async function checkDiskHere(folder: string, image: string, size: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const [needed, free] = [size + reserveHere, bavail * bsize];
  const cause = `The archive of ${image} needs ${megabytes(needed)} there, and ${megabytes(free)} are free.`;
  if (free < needed) throw diskFullHere(folder, cause);
}

interface Shortage {
  name: ImageName;
  host: string;
  folder: string;
  free: number;
  needed: number;
}

export const diskLow = ({ name, host, folder, free, needed }: Shortage) =>
  new BerthError({
    code: "disk_low",
    message: `The server has too little free disk for the image ${referenceOf(name)}.`,
    object: host,
    cause: `It needs ${megabytes(needed)} in ${folder}, and ${megabytes(free)} are free.`,
    next: "Look there with `docker system df` and `df -h`, free space or enlarge the disk, then run the command again.",
  });

const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
