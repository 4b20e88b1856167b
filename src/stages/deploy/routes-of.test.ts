import { expect, test } from "vitest";
import type { StackRoutes } from "../../proxies/proxy.ts";
import { routesAfter, sameRoutes } from "./routes-of.ts";

const tls = { directory: "https://acme.example.com/dir", email: null, trust: null };
const routes = (...pairs: [string, string][]): StackRoutes => ({
  stack: "shop",
  routes: pairs.map(([host, service]) => ({ host, service })),
  tls,
});
const pairs = ({ routes: all }: StackRoutes) => all.map(({ host, service }) => `${host} ${service}`);

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
