import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { BerthError, failureOf } from "../kit/error.ts";
import { clean } from "../kit/text.ts";
import { nextAfter } from "../tools/next.ts";
import type { Serving } from "./serving.ts";

/** Whether a failure says that there is no such thing: an analysis, a plan, a run, a stack, a server. */
export const isMissing = (error: unknown): boolean => error instanceof BerthError && error.code.startsWith("no_such_");

/**
 * An answer to what is no call of a tool. A failure goes out as an error of the protocol, without secrets; one that we do
 * not know says nothing but that, and stands in our log.
 */
export async function answered<T>({ surface, log }: Serving, answer: () => T | Promise<T>): Promise<T> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    if (!(error instanceof BerthError)) {
      log.error({ stack: surface.scrub(String((error as Error)?.stack ?? error)) }, "a request failed");
      throw new ProtocolError(ProtocolErrorCode.InternalError, "internal: this is probably a bug in Berth.");
    }
    const { code, message } = failureOf(error);
    const said = clean(`${code}: ${message} Next: ${nextAfter(code)}`);
    throw new ProtocolError(ProtocolErrorCode.InternalError, surface.scrub(said));
  }
}
