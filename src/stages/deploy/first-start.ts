import type Docker from "dockerode";
import type { Host, Lock } from "../../host/host.ts";
import { sh } from "../../host/quote.ts";
import type { Backing } from "../plan/schema.ts";

/** Each database is a folder of its number; those of the cluster's own are below this one. */
const firstOfOthers = 16384;
const databases = `find "$1" -maxdepth 4 -type d -path '*/base/*' -name '[0-9]*' -printf '%f\\n'`;

/**
 * Whether a PostgreSQL that answers has the database that it is for. The image makes it at its first start alone, after the
 * cluster: a start that was cut off between the two (a full disk, a power failure) leaves a cluster that answers without it.
 * Read from its files, not asked of it: the Engine keeps the socket of each exec for a while, and a takeover waits for those.
 */
export async function isWhole(
  engine: Docker,
  host: Host,
  container: string,
  { kind, mounts }: Backing,
): Promise<boolean> {
  if (kind !== "postgres") return true;
  const { Mounts } = await engine.getContainer(container).inspect();
  const folder = Mounts.find(({ Destination }) => mounts.some(({ path }) => path === Destination))?.Source;
  if (folder === undefined) return true;
  const { code, stdout } = await host.exec(sh(databases, folder));
  const numbers = stdout.split("\n").filter(Boolean).map(Number);
  // A folder that cannot be read, or lies otherwise than it did so far, is no reason to touch anything.
  return code !== 0 || numbers.length === 0 || numbers.some((number) => number >= firstOfOthers);
}

/** Makes the database that a first start did not come to; over TCP, where the image lets its own container in. */
export async function complete(lock: Lock, container: string): Promise<void> {
  const make = 'createdb -h 127.0.0.1 -U "$POSTGRES_USER" "$POSTGRES_DB"';
  await lock.run(["docker", "exec", container, "sh", "-c", make]);
}
