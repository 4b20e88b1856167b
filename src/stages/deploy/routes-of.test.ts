import { expect, test } from "vitest";
import { caddy } from "../../proxies/caddy.ts";
import { areMet, asMet } from "../../proxies/met.ts";
import { StackRoute, type StackRoutes } from "../../proxies/proxy.ts";
import { routesAfter, sameRoutes } from "./routes-of.ts";

const tls = { directory: "https://acme.example.com/dir", email: null, trust: null };
const routes = (...pairs: [string, string][]): StackRoutes => ({
  stack: "shop",
  routes: pairs.map(([at, service]) => {
    const [host = "", ...path] = at.split("/");
    return StackRoute.parse({ host, path: `/${path.join("/")}`, service });
  }),
  tls,
});
const pairs = ({ routes: all }: StackRoutes) =>
  all.map(({ host, path, service }) => `${host}${path === "/" ? "" : path} ${service}`);

const there = routes(["old.example", "web"], ["shop.example", "web"]);
const planned = routes(["shop.example", "site"], ["new.example", "site"]);

test("hosts are added, then moved, then the old ones go: each is served at every moment", () => {
  const added = routesAfter("add", there, planned);
  expect(pairs(added)).toEqual(["new.example site", "old.example web", "shop.example web"]);
  const moved = routesAfter("move", added, planned);
  expect(pairs(moved)).toEqual(["new.example site", "old.example web", "shop.example site"]);
  expect(pairs(routesAfter("settle", moved, planned))).toEqual(["new.example site", "shop.example site"]);
});

test("what is settled stays as it is through every move", () => {
  const settled = routesAfter("settle", there, planned);
  for (const move of ["add", "move", "settle"] as const) {
    expect(sameRoutes(settled, routesAfter(move, settled, planned))).toBe(true);
  }
});

test("no file and no hosts are the same", () => {
  expect(sameRoutes(undefined, routes())).toBe(true);
  expect(sameRoutes(undefined, planned)).toBe(false);
  expect(sameRoutes(there, { ...there, tls: { ...tls, email: "a@example.com" } })).toBe(false);
});

test("paths of a host change together, once all of them answer", () => {
  const next = routes(["shop.example/api", "api"], ["shop.example", "web"]);
  expect(pairs(routesAfter("add", there, next))).toEqual(["old.example web", "shop.example web"]);
  expect(pairs(routesAfter("move", there, next))).toEqual([
    "old.example web",
    "shop.example/api api",
    "shop.example web",
  ]);
  expect(pairs(routesAfter("settle", next, routes(["shop.example", "web"])))).toEqual(["shop.example web"]);
});

const metOf = (wanted: StackRoutes) => caddy.routes(caddy.configuration([wanted]).content);

test("another number of replicas, another path or another service is not met yet", () => {
  const wanted = routes(["shop.example/api", "api"], ["shop.example", "web"]);
  const [api, web] = wanted.routes;
  if (!api || !web) throw new Error("two routes");
  expect(areMet(wanted, metOf(wanted), caddy)).toBe(true);
  expect(areMet(wanted, metOf({ ...wanted, routes: [web] }), caddy)).toBe(false);
  expect(areMet({ ...wanted, routes: [web] }, metOf(wanted), caddy)).toBe(false);
  expect(areMet({ ...wanted, routes: [api, { ...web, replicas: 2 }] }, metOf(wanted), caddy)).toBe(false);
  expect(areMet({ ...wanted, routes: [{ ...api, strip: true }, web] }, metOf(wanted), caddy)).toBe(false);
});

test("a file that was changed by hand, or broken, is written as it is served, and no proxy changes by it", () => {
  const wanted = routes(["shop.example", "web"]);
  const edited = routes(["evil.example", "web"], ["shop.example", "evil"]);
  for (const file of [edited, undefined])
    expect(asMet(file, wanted, metOf(wanted), caddy)?.routes).toEqual(wanted.routes);
  // What visitors still meet is not dropped before its time.
  expect(pairs(asMet(there, planned, metOf(there), caddy) ?? routes())).toEqual([
    "old.example web",
    "shop.example web",
  ]);
  expect(asMet(undefined, planned, [], caddy)).toBeUndefined();
});
