import type Docker from "dockerode";
import { BerthError } from "../../kit/error.ts";
import type { Host } from "../host.ts";

/** A server's Engine for looking: undefined where none answers, since such a server observes as empty. */
export async function engineIfAny(host: Host): Promise<Docker | undefined> {
  try {
    return await host.engine();
  } catch (error) {
    if (error instanceof BerthError && error.code === "engine_unreachable") return undefined;
    throw error;
  }
}
