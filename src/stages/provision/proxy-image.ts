import { z } from "zod";
import { ifThere } from "../../host/docker/answers.ts";
import { engineIfAny } from "../../host/docker/engine-if-any.ts";
import { byDigest, pull } from "../../host/docker/pull.ts";
import { defineStep } from "../context.ts";

/** Which proxy, and its image with its digest. */
export const ProxyInput = z.object({ kind: z.string(), image: z.string().regex(/@sha256:[0-9a-f]{64}$/) });
export type ProxyInput = z.infer<typeof ProxyInput>;

/** The proxy's image, by its content, pulled by the server itself. */
export const proxyImage = defineStep({
  kind: "provision.proxy-image",
  effect: "change",
  input: ProxyInput,
  before: z.object({}),
  output: z.object({ id: z.string() }),
  title: ({ image }) => `pull ${image.split("@")[0]}`,
  async observe({ image }, { host }) {
    const engine = await engineIfAny(host);
    const found = engine && (await ifThere(engine.getImage(byDigest(image)).inspect()));
    return found ? { output: { id: found.Id } } : { before: {} };
  },
  async apply({ image }, _before, ctx) {
    await ctx.lock("server");
    await pull(await ctx.host.engine(), image, ctx);
  },
});
