import type { StackRoutes } from "../../proxies/proxy.ts";
import { sortedRoutes } from "../../proxies/routes.ts";
import type { Plan } from "./schema.ts";

/** What a plan wants of the proxy. */
export const stackRoutes = ({ stack, routes, services, tls: { directory, email, trust } }: Plan): StackRoutes => ({
  stack,
  routes: sortedRoutes(
    routes.map(({ host, path, strip, service }) => ({
      ...{ host, path, strip, service },
      replicas: services.find(({ name }) => name === service)?.replicas ?? 1,
    })),
  ),
  tls: { directory, email, trust },
});
