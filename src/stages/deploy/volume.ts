import { z } from "zod";
import { ifThere } from "../../host/docker/answers.ts";
import { BerthError } from "../../kit/error.ts";
import { labels } from "../../kit/layout.ts";
import { defineStep } from "../context.ts";
import { asked, engineForActing, engineIfAny } from "./engine.ts";

/** A volume outlives releases, rollbacks and failed runs: nothing in the deploy ever removes one, so there is no undo. */
export const volume = defineStep({
  kind: "deploy.volume",
  effect: "change",
  input: z.object({ stack: z.string(), name: z.string(), holds: z.string() }),
  before: z.null(),
  output: z.object({ name: z.string() }),
  title: ({ name, holds }) => `volume ${name} for ${holds}`,

  observe: async ({ stack, name }, ctx) => {
    const engine = await engineIfAny(ctx);
    const found = engine && (await ifThere(engine.getVolume(name).inspect()));
    if (!found) return { before: null };
    if (found.Labels?.[labels.stack] !== stack) throw foreign(name);
    return { output: { name } };
  },

  apply: async ({ stack, name }, _before, ctx) => {
    const engine = await engineForActing(ctx);
    const made = engine.createVolume({ Name: name, Driver: "local", Labels: { [labels.stack]: stack } });
    await asked(name, `The volume ${name} cannot be made.`, made);
  },
});

const foreign = (name: string) =>
  new BerthError({
    code: "volume_foreign",
    message: `A volume of the name ${name} is there and is not this stack's.`,
    object: name,
    cause: "It does not have this stack's label: it may hold somebody else's data.",
    next: "Name the stack otherwise: berth plan … --stack NAME",
  });
