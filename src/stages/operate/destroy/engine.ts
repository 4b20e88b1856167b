import type Docker from "dockerode";
import { engineIfAny } from "../../../host/docker/engine-if-any.ts";
import { BerthError } from "../../../kit/error.ts";
import type { StageContext } from "../../context.ts";

/** What is left of a stack; where no Engine answers that is not known, and so nothing counts as gone. */
export async function leftOf<T>(ctx: StageContext, look: (engine: Docker) => Promise<T[]>): Promise<T[] | undefined> {
  const engine = await engineIfAny(ctx.host);
  return engine && look(engine);
}

/** An Engine's refusal to remove something, for a reader. */
export const inUse = (object: string, cause: string): BerthError =>
  new BerthError({
    code: "in_use",
    message: `${object} cannot be removed.`,
    object,
    cause: `The Docker Engine on the server says: ${cause}`,
    next: "Something that is not Berth's uses it: end that on the server (docker ps --all), then: berth resume",
  });
