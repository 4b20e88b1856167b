import type { Host } from "../../host/host.ts";
import type { ReverseProxy, ServedRoute, StackRoutes } from "../../proxies/proxy.ts";
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

/** Whether visitors meet just the wanted routes of all their hosts. */
export const areMet = (wanted: StackRoutes, met: readonly ServedRoute[], proxy: ReverseProxy): boolean =>
  hostsOf(wanted).every((host) => isMet(host, wanted, met, proxy));

/**
 * What was changed in the file by hand and is not served yet, so that it will not be: a host that is served as planned is
 * what the plan says, and one that is neither planned nor served is none.
 */
export function asMet(
  there: StackRoutes | undefined,
  planned: StackRoutes,
  met: readonly ServedRoute[],
  proxy: ReverseProxy,
): StackRoutes | undefined {
  const right = hostsOf(planned).filter((host) => isMet(host, planned, met, proxy));
  const old = (there?.routes ?? []).filter(({ host }) => !right.includes(host));
  const known = [...hostsOf(planned), ...met.map(({ host }) => host)];
  const routes = [
    ...planned.routes.filter(({ host }) => right.includes(host)),
    ...old.filter(({ host }) => known.includes(host)),
  ];
  return there || routes.length > 0 ? { ...(there ?? planned), routes: sortedRoutes(routes) } : undefined;
}

const hostsOf = ({ routes }: StackRoutes) => [...new Set(routes.map(({ host }) => host))];

function isMet(host: string, wanted: StackRoutes, met: readonly ServedRoute[], proxy: ReverseProxy): boolean {
  const served = (routes: readonly ServedRoute[]) =>
    JSON.stringify(routes.map(({ path, strip, upstreams }) => [path, strip, upstreams]));
  const routes = wanted.routes.filter((route) => route.host === host);
  const right = sortedRoutes(routes).map(({ path, strip, service, replicas }) => ({
    host,
    path,
    strip: strip && path !== "/",
    upstreams: upstreamFiles(proxy, wanted.stack, service, replicas),
  }));
  return served(met.filter((route) => route.host === host)) === served(right);
}

/** What the proxy finds each replica of a service by. */
export const upstreamFiles = (proxy: ReverseProxy, stack: string, service: string, replicas: number): string[] =>
  Array.from({ length: replicas }, (_, n) => proxy.upstreamFile(stack, service, n + 1));

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
