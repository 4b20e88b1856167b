import { z } from "zod";
import type { Plan, Route } from "../plan/schema.ts";

/** One question that shows whether a route of the proxy leads to a service that is well. */
export const Check = z.object({
  host: z.string(),
  /** The path of the route. */
  route: z.string(),
  /** What is asked for. */
  path: z.string(),
  /** Only success is well; else any answer that is not the proxy's own, since nothing says what this path answers. */
  success: z.boolean(),
});
export type Check = z.infer<typeof Check>;

/** One for each route, the longest paths first. Pure. */
export function checksOf({ routes, services }: Pick<Plan, "routes" | "services">): Check[] {
  return routes.map((route) => {
    const health = services.find(({ name }) => name === route.service)?.health.path ?? null;
    const path = health === null ? undefined : pathOutside(route, health);
    if (path === undefined || leadsTo(routes, route.host, path) !== route)
      return { host: route.host, route: route.path, path: route.path, success: false };
    return { host: route.host, route: route.path, path, success: true };
  });
}

/** How a path of the service is asked for through its route; undefined where it lies outside of it. */
function pathOutside({ path, strip }: Route, inside: string): string | undefined {
  if (path === "/") return inside;
  if (strip) return `${path}${inside}`;
  return isBelow(inside, path) ? inside : undefined;
}

const leadsTo = (routes: readonly Route[], host: string, asked: string): Route | undefined =>
  routes
    .filter((route) => route.host === host && isBelow(asked, route.path))
    .toSorted((a, b) => b.path.length - a.path.length)[0];

function isBelow(asked: string, path: string): boolean {
  const [only = ""] = asked.split("?");
  return path === "/" || only === path || only.startsWith(`${path}/`);
}
