import { BerthError } from "../../kit/error.ts";
import type { Published } from "../plan/schema.ts";

/** The Engine's words for a port of the server that somebody else has, as what it means; any other failure as it is. */
export function portTaken(container: string, published: readonly Published[], error: unknown): unknown {
  if (!(error instanceof BerthError) || !/port is already allocated|address already in use/i.test(error.cause))
    return error;
  const ports = published.map(({ hostPort, protocol }) => `${hostPort}/${protocol}`).join(", ");
  return new BerthError({
    code: "port_taken",
    message: `A port that ${container} shall be reached at is taken on the server. What ran before runs on.`,
    object: ports,
    cause: error.cause,
    next: "See who has it (on the server: ss -Hltnup), or publish another: berth plan … --publish SERVICE:PORT:HOSTPORT",
  });
}
