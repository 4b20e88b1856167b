import type Docker from "dockerode";
import { diskFullThere, saysDiskFull } from "../../host/disk-full.ts";
import { statusOf, wordsOf } from "../../host/docker/answers.ts";
import { BerthError } from "../../kit/error.ts";
import type { StageContext } from "../context.ts";

/** The server's Engine for looking: undefined where there is none yet, since such a server observes as empty. */
export async function engineIfAny(ctx: StageContext): Promise<Docker | undefined> {
  try {
    return await ctx.host.engine();
  } catch (error) {
    if (error instanceof BerthError && error.code === "engine_unreachable") return undefined;
    throw error;
  }
}

/** The server's Engine for acting: the stack's lock is taken first, so that no later owner acts at the same time. */
export async function engineForActing(ctx: StageContext): Promise<Docker> {
  await ctx.lock("stack");
  return ctx.host.engine();
}

/** Makes an Engine's refusal an error for a reader; everything that the Engine did not say passes as it is. */
export async function asked<T>(object: string, message: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (statusOf(error) === undefined) throw error;
    const cause = `The Docker Engine on the server says: ${wordsOf(error)}`;
    if (saysDiskFull(cause)) throw diskFullThere({ message, object, cause });
    throw new BerthError({
      code: "engine_refused",
      message,
      object,
      cause,
      next: "Look at the Engine on the server (journalctl -u docker), then: berth resume",
    });
  }
}
