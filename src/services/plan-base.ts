import type { Base } from "../approval/operation.ts";
import { hashOf } from "../kit/canonical.ts";
import type { Plan } from "../stages/plan/schema.ts";
import { stackOf } from "../store/stacks.ts";
import type { Store } from "../store/store.ts";

/** A grant holds while these are as they were: which plan stands, and which machine it stands on. */
export const baseOf = ({ stack, server }: Plan, serial: number): Base => ({
  [serialName(stack)]: String(serial),
  [`server.${server.name}`]: hashOf({ host: server.host, port: server.port, hostKey: server.hostKey }),
});

/** How often a plan of the stack had been applied when this base was seen. */
export const serialIn = (base: Base, { stack }: Plan): number => Number(base[serialName(stack)]);

/** The fact that a deploy changes by itself, when it records that its plan is applied. */
export const serialName = (stack: string): string => `stack.${stack}.serial`;

/** The same as this computer knows it; the server may have seen more. */
export function knownSerial(store: Store, { stack, server }: Plan): number {
  const known = stackOf(store, stack);
  return known?.server === server.name ? known.serial : 0;
}
