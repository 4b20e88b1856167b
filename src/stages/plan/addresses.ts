import type { Plan, Route } from "./schema.ts";

/** `https://shop.example.com/api`; a path of `/` is left out, as people write it. */
export const addressOf = ({ host, path }: Pick<Route, "host" | "path">): string =>
  `https://${host}${path === "/" ? "" : path}`;

/** What people type, one address a host: the whole of it where something answers there, else its longest path. */
export const addressesOf = ({ routes }: Pick<Plan, "routes">): string[] =>
  [...new Set(routes.map(({ host }) => host))].flatMap((name) => {
    const own = routes.filter(({ host }) => host === name);
    const first = own.find(({ path }) => path === "/") ?? own[0];
    return first ? [addressOf(first)] : [];
  });
