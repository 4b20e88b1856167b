import type { Base } from "../approval/operation.ts";
import { hashOf } from "../kit/canonical.ts";
import type { Plan } from "../stages/plan/schema.ts";

/** A grant holds while these are as they were: which plan stands, and which machine it stands on. */
export const baseOf = ({ stack, server }: Plan, serial: number): Base => ({
  [`stack.${stack}.serial`]: String(serial),
  [`server.${server.name}`]: hashOf({ host: server.host, port: server.port, hostKey: server.hostKey }),
});
