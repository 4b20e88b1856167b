import type { BackingKind } from "./backing.ts";
import { postgres } from "./postgres.ts";

/** Every backing service that Berth can run; the order says nothing. */
export const backingKinds: readonly BackingKind[] = [postgres];
