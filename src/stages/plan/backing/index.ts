import type { BackingKind } from "./backing.ts";
import { postgres } from "./postgres.ts";
import { redis } from "./redis.ts";

/** Every backing service that Berth can run; the order says nothing. */
export const backingKinds: readonly BackingKind[] = [postgres, redis];
