import type { Host } from "../../host/host.ts";
import type { StackRoutes } from "../../proxies/proxy.ts";
import { parseRoutes, readRoutes, routesText } from "../../proxies/routes.ts";

/**
 * The routes change in three moves, so that every host is served all the time: `add` only adds hosts, whose certificates
 * can then be got; `move` points hosts at other services, once those answer; `settle` ends with exactly the plan's.
 */
export type Move = "add" | "move" | "settle";

export function routesAfter(move: Move, there: StackRoutes | undefined, planned: StackRoutes): StackRoutes {
  const old = there?.routes ?? [];
  const [first, second] = move === "add" ? [old, planned.routes] : [planned.routes, move === "move" ? old : []];
  const known = new Set(first.map(({ host }) => host));
  const routes = [...first, ...second.filter(({ host }) => !known.has(host))];
  return { ...planned, routes: routes.toSorted((a, b) => (a.host < b.host ? -1 : 1)) };
}

/** A stack without hosts has no routes file. */
export const sameRoutes = (one: StackRoutes | undefined, other: StackRoutes): boolean =>
  one === undefined ? other.routes.length === 0 : routesText(one) === routesText(other);

/** A stack's routes on the server. Throws `route_conflict` where another stack already has a host of `planned`. */
export async function routesThere(host: Host, planned: StackRoutes): Promise<StackRoutes | undefined> {
  const all = await readRoutes(host);
  const others = all.filter(({ stack }) => stack !== planned.stack);
  parseRoutes([...others, planned].map((routes) => ({ path: routes.stack, content: JSON.stringify(routes) })));
  return all.find(({ stack }) => stack === planned.stack);
}
