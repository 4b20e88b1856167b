import { z } from "zod";
import type { ProxyAccess } from "../../proxies/access.ts";
import { applyProxy, lookAtProxy } from "../../proxies/apply.ts";
import { viewProxy } from "../../proxies/image.ts";
import { areMet, lookForStack } from "../../proxies/met.ts";
import { StackRoutes } from "../../proxies/proxy.ts";
import type { StageContext } from "../context.ts";
import { defineStep } from "../context.ts";
import { Plan } from "../plan/schema.ts";
import { engineIfAny } from "./engine.ts";
import { Watched, watchVisitors } from "./prober/watch.ts";
import { type Move, routesAfter, routesThere, sameRoutes } from "./routes-of.ts";

const Routes = z.object({ proxy: Plan.shape.proxy, planned: StackRoutes });

/** What has to be known to change the routes of a stack. */
export type RoutesInput = z.infer<typeof Routes>;

const Input = Routes.extend({ watched: Watched });

const routesStep = (move: Move, title: (hosts: string) => string) =>
  defineStep({
    kind: `deploy.routes.${move}`,
    effect: "change",
    input: Input,
    before: z.object({ routes: StackRoutes.nullable() }),
    output: z.object({ hosts: z.array(z.string()) }),
    title: ({ planned }) => title(planned.routes.map(placeOf).join(", ") || "none"),

    observe: async (input, ctx) => {
      const there = await routesThere(ctx.host, input.planned);
      if (!(await routesHold(move, input, ctx))) return { before: { routes: there ?? null } };
      return { output: { hosts: there?.routes.map(placeOf) ?? [] } };
    },

    apply: async (input, _before, ctx) => {
      await watchVisitors(input.watched, ctx);
      const { routes } = await lookForStack(await viewProxy(ctx.host, input.proxy), input.planned);
      await putRoutes(routesAfter(move, routes, input.planned), input, ctx);
    },

    undo: async (input, { routes }, ctx) => putRoutes(routes ?? { ...input.planned, routes: [] }, input, ctx),
  });

const placeOf = ({ host, path }: StackRoutes["routes"][number]) => (path === "/" ? host : `${host}${path}`);

/** The proxy knows the plan's hosts, beside those that are there: their certificates can be got while the old serve. */
export const addRoutes = routesStep("add", (hosts) => `add to the proxy: ${hosts}`);

/** The proxy knows the plan's hosts and, of this stack, no others. */
export const settleRoutes = routesStep("settle", (hosts) => `routes of the stack: ${hosts}`);

/** The file is as it shall be after `move`, and the running proxy serves it. */
async function routesHold(move: Move, { proxy, planned }: RoutesInput, ctx: StageContext): Promise<boolean> {
  const there = await routesThere(ctx.host, planned);
  if (!sameRoutes(there, routesAfter(move, there, planned)) || !(await engineIfAny(ctx))) return false;
  const { written, settled } = await lookAtProxy(await viewProxy(ctx.host, proxy));
  return written && settled;
}

/**
 * Of the routes themselves, without whatever else is to be done of the proxy: who holds no lock may look in the middle of
 * another stack's hand-over, and is served all the same.
 */
export async function routesServed(move: Move, { proxy, planned }: RoutesInput, ctx: StageContext): Promise<boolean> {
  const there = await routesThere(ctx.host, planned);
  const wanted = routesAfter(move, there, planned);
  if (!sameRoutes(there, wanted) || !(await engineIfAny(ctx))) return false;
  const view = await viewProxy(ctx.host, proxy);
  const { met } = await lookAtProxy(view);
  return areMet(wanted, met, view.proxy);
}

/** Makes a stack's routes take effect. */
export async function putRoutes(routes: StackRoutes, { proxy }: RoutesInput, ctx: StageContext): Promise<void> {
  await applyProxy(await accessToProxy(proxy, ctx), routes);
}

/** Under the server's lock: the proxy belongs to all stacks. */
export async function accessToProxy(proxy: Plan["proxy"], ctx: StageContext): Promise<ProxyAccess> {
  await ctx.lock("stack");
  const lock = await ctx.lock("server");
  const { host, log, signal } = ctx;
  return { ...(await viewProxy(host, proxy)), engine: await host.engine(), lock, log, signal };
}
