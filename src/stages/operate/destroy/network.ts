import type Docker from "dockerode";
import { z } from "zod";
import { ifThere, statusOf, wordsOf } from "../../../host/docker/answers.ts";
import { labels } from "../../../kit/layout.ts";
import { defineStep } from "../../context.ts";
import { engineForActing } from "../../deploy/engine.ts";
import { inUse, leftOf } from "./engine.ts";

export const removeNetworks = defineStep({
  kind: "destroy.network",
  effect: "destroy",
  input: z.object({ stack: z.string() }),
  before: z.object({ networks: z.array(z.string()) }),
  output: z.null(),
  title: ({ stack }) => `remove the network of ${stack}`,

  observe: async ({ stack }, ctx) => {
    const left = await leftOf(ctx, (engine) => labelled(engine, stack));
    return left?.length === 0 ? { output: null } : { before: { networks: left?.map(({ Name }) => Name) ?? [] } };
  },

  apply: async ({ stack }, _before, ctx) => {
    const engine = await engineForActing(ctx);
    for (const { Id, Name } of await labelled(engine, stack))
      await ifThere(engine.getNetwork(Id).remove()).catch((error: unknown) => {
        throw statusOf(error) === 403 ? inUse(`The network ${Name}`, wordsOf(error)) : error;
      });
  },
});

const labelled = (engine: Docker, stack: string) =>
  engine.listNetworks({ filters: { label: [`${labels.stack}=${stack}`] } });
