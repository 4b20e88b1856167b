import type { Host } from "../../host/host.ts";
import type { StackRoutes } from "../../proxies/proxy.ts";
import { parseRoutes, readRoutes, routesText, sortedRoutes } from "../../proxies/routes.ts";

/**
 * The routes change in three moves, so that every host is served all the time: `add` only adds hosts, whose certificates
 * can then be got; `move` gives hosts the plan's paths and services, once those answer; `settle` ends with exactly the plan's.
 */
export type Move = "add" | "move" | "settle";

export function routesAfter(move: Move, there: StackRoutes | undefined, planned: StackRoutes): StackRoutes {
  const old = there?.routes ?? [];
  const [first, second] = move === "add" ? [old, planned.routes] : [planned.routes, move === "move" ? old : []];
  const known = new Set(first.map(({ host }) => host));
  return { ...planned, routes: sortedRoutes([...first, ...second.filter(({ host }) => !known.has(host))]) };
}

/** A stack without hosts has no routes file. */
export const sameRoutes = (one: StackRoutes | undefined, other: StackRoutes): boolean =>
  one === undefined ? other.routes.length === 0 : routesText(one) === routesText(other);

/**
 * A stack's routes on the server; undefined where it has none, or none that can be read. Throws `route_conflict` where another
 * stack already has a host of `planned`.
 */
export async function routesThere(host: Host, planned: StackRoutes): Promise<StackRoutes | undefined> {
  const all = await readRoutes(host, planned.stack);
  const others = all.filter(({ stack }) => stack !== planned.stack);
  parseRoutes([...others, planned].map((routes) => ({ path: routes.stack, content: JSON.stringify(routes) })));
  return all.find(({ stack }) => stack === planned.stack);
}
