import { z } from "zod";
import { ifThere, statusOf, wordsOf } from "../../../host/docker/answers.ts";
import { engineIfAny } from "../../../host/docker/engine-if-any.ts";
import { labels } from "../../../kit/layout.ts";
import { defineStep } from "../../context.ts";
import { engineForActing } from "../../deploy/engine.ts";
import { inUse } from "./engine.ts";

/** The data itself: only a volume that was named to the person who approved, and that is still this stack's. */
export const removeVolume = defineStep({
  kind: "destroy.volume",
  effect: "destroy",
  input: z.object({ stack: z.string(), name: z.string(), holds: z.string() }),
  before: z.null(),
  output: z.null(),
  title: ({ name, holds }) => `destroy the volume ${name}: ${holds}`,

  observe: async ({ stack, name }, ctx) => {
    const engine = await engineIfAny(ctx.host);
    if (!engine) return { before: null };
    const found = await ifThere(engine.getVolume(name).inspect());
    return found?.Labels?.[labels.stack] === stack ? { before: null } : { output: null };
  },

  apply: async ({ name }, _before, ctx) => {
    const engine = await engineForActing(ctx);
    ctx.log(`removing ${name}\n`);
    await ifThere(engine.getVolume(name).remove()).catch((error: unknown) => {
      throw statusOf(error) === 409 ? inUse(`The volume ${name}`, wordsOf(error)) : error;
    });
  },
});
