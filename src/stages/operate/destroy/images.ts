import type Docker from "dockerode";
import type { ImageInfo } from "dockerode";
import { z } from "zod";
import { ifThere, statusOf } from "../../../host/docker/answers.ts";
import { labels } from "../../../kit/layout.ts";
import { defineStep } from "../../context.ts";
import { engineForActing } from "../../deploy/engine.ts";
import { leftOf } from "./engine.ts";

/**
 * What was built for the stack, by its label. What a registry gave stays, since others may use it, and so does what a
 * container of somebody else's runs.
 */
export const removeImages = defineStep({
  kind: "destroy.images",
  effect: "destroy",
  input: z.object({ stack: z.string() }),
  before: z.object({ images: z.array(z.string()) }),
  output: z.null(),
  title: ({ stack }) => `remove the images of ${stack}`,

  observe: async ({ stack }, ctx) => {
    const left = await leftOf(ctx, (engine) => unused(engine, stack));
    return left?.length === 0 ? { output: null } : { before: { images: left?.flatMap(namesOf) ?? [] } };
  },

  apply: async ({ stack }, _before, ctx) => {
    const engine = await engineForActing(ctx);
    for (const image of await unused(engine, stack))
      for (const name of namesOf(image)) await ifThere(engine.getImage(name).remove()).catch(unlessTaken);
  },
});

async function unused(engine: Docker, stack: string): Promise<ImageInfo[]> {
  const used = new Set((await engine.listContainers({ all: true })).map(({ ImageID }) => ImageID));
  const images = await engine.listImages({ filters: { label: [`${labels.stack}=${stack}`] } });
  return images.filter(({ Id }) => !used.has(Id));
}

/** One with several names loses them one by one, and goes with the last. */
const namesOf = ({ Id, RepoTags }: ImageInfo): string[] => {
  const named = (RepoTags ?? []).filter((tag) => tag !== "<none>:<none>");
  return named.length > 0 ? named : [Id];
};

/** Somebody has begun to use it meanwhile. */
function unlessTaken(error: unknown): undefined {
  if (statusOf(error) === 409) return undefined;
  throw error;
}
