import type { ProxyView } from "./access.ts";
import { lookAtProxy, type ProxyState } from "./apply.ts";
import type { ReverseProxy, ServedRoute, StackRoutes } from "./proxy.ts";
import { readRoutes, sortedRoutes } from "./routes.ts";

/**
 * The proxy, for who works for one stack: `routes` is what that stack has of it, which is what its file says, but where
 * somebody has changed that by hand and no proxy serves it yet; undefined: nothing.
 */
export async function lookForStack(
  view: ProxyView,
  planned: StackRoutes,
): Promise<{ state: ProxyState; routes: StackRoutes | undefined }> {
  const none = { ...planned, routes: [] };
  const there = (await readRoutes(view.host, planned.stack)).find(({ stack }) => stack === planned.stack);
  const state = await lookAtProxy(view, there ?? none);
  if (there && state.written) return { state, routes: there };
  const routes = asMet(there, planned, state.met, view.proxy);
  return { state: await lookAtProxy(view, routes ?? none), routes };
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
const upstreamFiles = (proxy: ReverseProxy, stack: string, service: string, replicas: number): string[] =>
  Array.from({ length: replicas }, (_, n) => proxy.upstreamFile(stack, service, n + 1));
