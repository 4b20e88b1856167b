import { z } from "zod";
import { canonicalJson } from "../../kit/canonical.ts";
import { cleanLine } from "../../kit/text.ts";
import { lookAtProxy } from "../../proxies/apply.ts";
import { viewProxy } from "../../proxies/image.ts";
import { areMet } from "../../proxies/met.ts";
import { type StackRoute, StackRoutes } from "../../proxies/proxy.ts";
import type { StepCall } from "../../run/step.ts";
import type { StageContext } from "../context.ts";
import { findContainer } from "../deploy/containers.ts";
import { routesThere } from "../deploy/routes-of.ts";
import { firstOf, readUpstreams, type Upstream } from "../deploy/upstreams.ts";
import type { Plan } from "../plan/schema.ts";

const Settle = z.object({ planned: StackRoutes });
const Switch = z.object({
  upstreams: z.array(z.object({ file: z.string(), container: z.string(), port: z.number() })),
});

/** What is otherwise of a stack's routes: in its file on the server, in what the proxy serves, and where requests are led. */
export async function routeDrift(plan: Plan, calls: readonly StepCall[], ctx: StageContext): Promise<string[]> {
  const settle = calls.find(({ kind }) => kind === "deploy.routes.settle");
  if (!settle) return [];
  const { planned } = Settle.parse(settle.input);
  const there = await routesThere(ctx.host, planned);
  const view = await viewProxy(ctx.host, plan.proxy);
  const { met, written, current } = await lookAtProxy(view);
  const differences = fileDifferences(planned.routes, there?.routes ?? []);
  if (!current) return [...differences, "the proxy does not run"];
  if (differences.length === 0 && !written) differences.push("the proxy's configuration file was changed by hand");
  for (const host of new Set(planned.routes.map((route) => route.host))) {
    const own = { ...planned, routes: planned.routes.filter((route) => route.host === host) };
    if (!areMet(own, met, view.proxy)) differences.push(`the proxy does not serve ${host} as planned`);
  }
  return [...differences, ...(await ofUpstreams(calls, ctx))];
}

/** Pure: of a host and a path, what stands in the stack's file. */
export function fileDifferences(planned: readonly StackRoute[], there: readonly StackRoute[]): string[] {
  const seen = new Map(there.map((route) => [placeOf(route), route]));
  const changed = planned.flatMap((route) => {
    const found = seen.get(placeOf(route));
    seen.delete(placeOf(route));
    if (!found) return [`route of ${placeOf(route)} is missing`];
    if (canonicalJson(found) === canonicalJson(route)) return [];
    const where = found.service === route.service ? "" : ` (to ${cleanLine(found.service, 60)})`;
    return [`route of ${placeOf(route)} was changed by hand${where}`];
  });
  return [...changed, ...[...seen.keys()].map((place) => `route of ${cleanLine(place, 200)} is not in the plan`)];
}

const placeOf = ({ host, path }: StackRoute) => `${host}${path === "/" ? "" : path}`;

async function ofUpstreams(calls: readonly StepCall[], ctx: StageContext): Promise<string[]> {
  const call = calls.find(({ kind }) => kind === "deploy.switch");
  const { data } = Switch.safeParse(call?.input);
  if (!data) return [];
  const engine = await ctx.host.engine();
  const there = await readUpstreams(ctx.host, [...new Set(data.upstreams.map(({ file }) => firstOf(file)))]);
  const wanted = await Promise.all(
    data.upstreams.map(async ({ file, container, port }) => {
      const address = (await findContainer(engine, container))?.address;
      return { container, file, content: address ? `${address}:${port}` : null };
    }),
  );
  return upstreamDifferences(wanted, there);
}

/** Pure. A container that is not there is said elsewhere, and its file can lead nowhere. */
export const upstreamDifferences = (
  wanted: readonly { container: string; file: string; content: string | null }[],
  there: readonly Upstream[],
): string[] =>
  wanted.flatMap(({ container, file, content }) => {
    const seen = there.find((one) => one.file === file)?.content.trim();
    if (content === null || seen === content) return [];
    if (seen === undefined) return [`the proxy's file that leads to ${container} is missing`];
    return [`requests for ${container} are led to ${cleanLine(seen, 80)}`];
  });
