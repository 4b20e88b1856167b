import type Docker from "dockerode";
import { ask } from "../../host/docker/exec.ts";
import type { Lock } from "../../host/host.ts";
import type { Backing } from "../plan/schema.ts";

/** Asked over TCP, where the image lets its own container in without a password. The names are the container's own. */
const connect = '-h 127.0.0.1 -U "$POSTGRES_USER"';
const isThere = `psql ${connect} -d postgres -tAc "SELECT 'whole' FROM pg_database WHERE datname = '$POSTGRES_DB'"`;

/**
 * Whether a PostgreSQL that answers has the database that it is for. The image makes it at its first start alone, after the
 * cluster: a start that was cut off between the two (a full disk, a power failure) leaves a cluster that answers without it.
 */
export async function isWhole(engine: Docker, container: string, { kind }: Backing): Promise<boolean> {
  if (kind !== "postgres") return true;
  const { code, output } = await ask(engine, container, ["sh", "-c", isThere]);
  // Who cannot be asked just now is no reason to touch it.
  return code !== 0 || output.trim() === "whole";
}

/** Makes the database that a first start did not come to. */
export async function complete(lock: Lock, container: string): Promise<void> {
  await lock.run(["docker", "exec", container, "sh", "-c", `createdb ${connect} "$POSTGRES_DB"`]);
}
