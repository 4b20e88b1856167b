import { z } from "zod";
import { engineIfAny } from "../../../host/docker/engine-if-any.ts";
import { lookAtProxy } from "../../../proxies/apply.ts";
import { viewProxy } from "../../../proxies/image.ts";
import { readRoutes } from "../../../proxies/routes.ts";
import { defineStep } from "../../context.ts";
import { putRoutes } from "../../deploy/routes.ts";
import { Plan } from "../../plan/schema.ts";

const Input = z.object({
  stack: z.string(),
  hosts: z.array(z.string()),
  proxy: Plan.shape.proxy,
  tls: Plan.shape.tls,
});

/** The proxy knows none of the stack's hosts any more; the other stacks' visitors are handed over, and lose nothing. */
export const removeRoutes = defineStep({
  kind: "destroy.routes",
  effect: "destroy",
  input: Input,
  before: z.object({ hosts: z.array(z.string()) }),
  output: z.null(),
  title: ({ hosts }) => `take out of the proxy: ${hosts.join(", ") || "no host"}`,

  observe: async ({ stack, hosts, proxy }, ctx) => {
    const there = (await readRoutes(ctx.host)).some((routes) => routes.stack === stack);
    if (there) return { before: { hosts } };
    // Without an Engine nobody serves; the proxy that starts again starts with what is written.
    if (!(await engineIfAny(ctx.host))) return { output: null };
    const { written, met, current } = await lookAtProxy(await viewProxy(ctx.host, proxy));
    const known = met.some(({ host }) => hosts.includes(host));
    return (written || !current) && !known ? { output: null } : { before: { hosts } };
  },

  apply: async ({ stack, proxy, tls }, _before, ctx) => {
    const { directory, email, trust } = tls;
    const none = { stack, routes: [], tls: { directory, email, trust } };
    await putRoutes(none, { proxy, planned: none }, ctx);
  },
});
