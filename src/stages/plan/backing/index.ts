import type { BackingKind } from "./backing.ts";
import { postgres } from "./postgres.ts";
import { redis } from "./redis.ts";

/** Every backing service that Berth can run; the order says nothing. */
export const backingKinds: readonly BackingKind[] = [postgres, redis];

/** The command that mends what `ready` has said of a backing service of this kind; undefined where that is nothing half-made. */
export function repairOf(kind: string, said: string): readonly string[] | undefined {
  const repair = backingKinds.find(({ datastore }) => datastore === kind)?.repair;
  return repair?.says.test(said) ? repair.command : undefined;
}
