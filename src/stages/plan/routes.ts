import type { Service as AnalysedService } from "../analysis/schema.ts";
import { listens } from "./ports.ts";
import type { Route } from "./schema.ts";
import { RoutePath, type Wishes } from "./wishes.ts";

export interface Routing {
  /** Without a host where no domain is known yet. */
  routes: (Omit<Route, "host"> & { host: string | undefined; why: string })[];
  /** The service that `/` leads to: what is wished for the stack without a service's name is meant for it. */
  main: string | undefined;
}

/** The path of an API for which nobody says another. */
const usualPath = "/api";

/** Which service answers at which address: as wished, else one domain for all that visitors may want. */
export const planRouting = (
  services: readonly AnalysedService[],
  wishes: Pick<Wishes, "routes">,
  domain: string | undefined,
): Routing => {
  const routes = wishes.routes?.length ? wishedRoutes(wishes.routes, domain) : chosenRoutes(services, domain);
  const main = routes.find(({ path }) => path === "/") ?? routes[0];
  return { routes: routes.toSorted(byPlace), main: main?.service };
};

const wishedRoutes = (wished: NonNullable<Wishes["routes"]>, domain: string | undefined): Routing["routes"] =>
  wished.map(({ host = domain, path, service, strip }) => ({ host, path, service, strip, why: "wished" }));

/** `/` goes to what people look at; an API beside a front end gets what that one asks for. */
function chosenRoutes(services: readonly AnalysedService[], host: string | undefined): Routing["routes"] {
  const root = rootOf(services);
  if (!root) return [];
  const routes = [{ host, path: "/", service: root.name, strip: false, why: "what people look at" }];
  const taken = new Set(["/"]);
  for (const service of services.filter((one) => one !== root && listens(one))) {
    for (const { path, why } of pathsOf(service, root)) {
      if (taken.has(path)) continue;
      taken.add(path);
      routes.push({ host, path, service: service.name, strip: false, why });
    }
  }
  return routes;
}

function pathsOf({ kind, paths, image, evidence }: AnalysedService, root: AnalysedService) {
  const at = evidence["paths"]?.[0];
  const asked = paths.map((path) => path.replace(/\/+$/, "")).filter((path) => RoutePath.safeParse(path).success);
  if (asked.length > 0) return asked.map((path) => ({ path, why: at ? `${at.file}:${at.line}` : "asked for" }));
  if (kind !== "api" || image !== null || root.kind !== "frontend") return [];
  return [{ path: usualPath, why: "the usual path of an API beside a front end" }];
}

/** What is meant for people, before what is meant for programs, before what the source takes from elsewhere. */
function rootOf(services: readonly AnalysedService[]): AnalysedService | undefined {
  const rank = ({ image, kind }: AnalysedService) =>
    image !== null ? 4 : kind === "frontend" ? 0 : kind === "web" ? 1 : kind === "proxy" ? 3 : 2;
  return services.filter(listens).toSorted((a, b) => rank(a) - rank(b))[0];
}

/** By host, and in the order in which a request is compared with them: the longest path first. */
function byPlace(a: Routing["routes"][number], b: Routing["routes"][number]): number {
  return compare(a.host ?? "", b.host ?? "") || b.path.length - a.path.length || compare(a.path, b.path);
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
