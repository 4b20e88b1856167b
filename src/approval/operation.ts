import { z } from "zod";
import { hashOf } from "../kit/canonical.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What a person grants: a plan by its hash, or one act with its exact arguments. Nothing outside its hash is granted. */
export const Operation = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("plan"), plan: sha256, stack: z.string() }),
  z.object({ kind: z.literal("act"), act: z.string(), arguments: z.record(z.string(), z.unknown()) }),
]);
export type Operation = z.infer<typeof Operation>;

export const operationHash = (operation: Operation): string => hashOf(Operation.parse(operation));

/**
 * The facts that an operation was shown against: each by a name (`stack.serial`, `server.web-1.hostKey`) and a text that
 * changes when it does, such as a hash.
 */
export type Base = Readonly<Record<string, string>>;

/** Names of the facts that are not what they were; those in `ownWork` were changed by the grant's own parts. */
export function driftOf(shown: Base, now: Base, ownWork: readonly string[] = []): string[] {
  const names = new Set([...Object.keys(shown), ...Object.keys(now)]);
  return [...names].filter((name) => shown[name] !== now[name] && !ownWork.includes(name)).sort();
}
