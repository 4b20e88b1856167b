import type { Host } from "../host/host.ts";
import { sh } from "../host/quote.ts";
import { BerthError } from "../kit/error.ts";
import { paths } from "../kit/layout.ts";
import { clean } from "../kit/text.ts";
import { type StackRoute, StackRoutes } from "./proxy.ts";

/** Where the routes of one stack lie on the server; `applyProxyConfiguration` alone writes it. */
export const routesFile = (stack: string): string => `${paths.proxyRoutes}/${stack}.json`;

/** A host's longest path first: the first that matches a request has it. */
export const sortedRoutes = <T extends Pick<StackRoute, "host" | "path">>(routes: readonly T[]): T[] =>
  routes.toSorted((a, b) => compare(a.host, b.host) || b.path.length - a.path.length || compare(a.path, b.path));

const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b));

/** What stands in that file. */
export const routesText = (routes: StackRoutes): string => `${JSON.stringify(routes, null, 1)}\n`;

/**
 * What every stack on the server wants of the proxy; the file of the stack `anew`, which is about to be written anew, counts
 * as absent where it cannot be read. Throws `proxy_routes_invalid` and `route_conflict`.
 */
export async function readRoutes(host: Host, anew?: string): Promise<StackRoutes[]> {
  const listing = await host.read(
    sh(
      'for f in "$1"/*.json; do [ -e "$f" ] || continue; echo "$f"; head -c 1000000 "$f" | base64 -w 0; echo; done',
      paths.proxyRoutes,
    ),
  );
  const lines = listing === "" ? [] : listing.split("\n");
  const files: { path: string; content: string }[] = [];
  for (let at = 0; at + 1 < lines.length; at += 2) {
    files.push({ path: lines[at] ?? "", content: Buffer.from(lines[at + 1] ?? "", "base64").toString("utf8") });
  }
  return parseRoutes(files.filter((file) => anew === undefined || file.path !== routesFile(anew) || isReadable(file)));
}

/** Pure part of `readRoutes`: the files as they lie there, in any order. */
export const parseRoutes = (files: readonly { path: string; content: string }[]): StackRoutes[] =>
  refuseConflicts(files.map(parseFile));

/** All stacks' routes with those of one stack instead of what it had; without any it drops out. Throws `route_conflict`. */
export function withChange(stacks: readonly StackRoutes[], change: StackRoutes | undefined): StackRoutes[] {
  const others = stacks.filter(({ stack }) => stack !== change?.stack);
  return refuseConflicts(change && change.routes.length > 0 ? [...others, change] : others);
}

function refuseConflicts(stacks: StackRoutes[]): StackRoutes[] {
  const owners = new Map<string, string>();
  for (const { stack, routes } of stacks) {
    for (const { host } of routes) {
      const owner = owners.get(host);
      if (owner !== undefined && owner !== stack) throw conflict(host, owner, stack);
      owners.set(host, stack);
    }
  }
  return stacks;
}

function isReadable(file: { path: string; content: string }): boolean {
  try {
    return parseFile(file) !== undefined;
  } catch {
    return false;
  }
}

function parseFile({ path, content }: { path: string; content: string }): StackRoutes {
  try {
    return StackRoutes.parse(JSON.parse(content));
  } catch (error) {
    throw new BerthError({
      code: "proxy_routes_invalid",
      message: "The routes of a stack on the server cannot be read, so the proxy's configuration stays as it is.",
      object: clean(path, 200),
      cause: clean(error instanceof Error ? error.message : String(error), 500),
      next: "Deploy that stack again, or remove the file if the stack is gone.",
    });
  }
}

const conflict = (host: string, one: string, other: string) =>
  new BerthError({
    code: "route_conflict",
    message: `Two stacks want ${host}.`,
    object: host,
    cause: `The stack ${one} and the stack ${other} both route this host on this server.`,
    next: `Take the host from one of them: plan it with another --domain, or destroy it.`,
  });
