import { expect, test } from "vitest";
import { plan } from "../plan/plan-fixture.ts";
import type { Route, Service } from "../plan/schema.ts";
import { checksOf } from "./checks.ts";

const [web, worker] = plan.services as [Service, Service];
const service = (name: string, path: string | null): Service => ({ ...web, name, health: { ...web.health, path } });
const route = (path: string, name: string, strip = false): Route => ({ host: "a.test", path, service: name, strip });

test("each route is asked for the health path of its service, where that path leads to it", () => {
  const routes = [route("/", "web"), route("/api", "api"), route("/old", "old", true), route("/plain", "worker")];
  const services = [service("web", "/healthz"), service("api", "/api/health?deep=1"), service("old", "/up"), worker];
  expect(checksOf({ routes, services })).toEqual([
    { host: "a.test", route: "/", path: "/healthz", success: true },
    { host: "a.test", route: "/api", path: "/api/health?deep=1", success: true },
    { host: "a.test", route: "/old", path: "/old/up", success: true },
    { host: "a.test", route: "/plain", path: "/plain", success: false },
  ]);
});

test("a health path that another route has, or that lies outside its own, says nothing about this one", () => {
  const routes = [route("/", "web"), route("/api", "api"), route("/api/admin", "admin")];
  const services = [service("web", "/api/health"), service("api", "/health"), service("admin", "/api/admin")];
  expect(checksOf({ routes, services })).toEqual([
    { host: "a.test", route: "/", path: "/", success: false },
    { host: "a.test", route: "/api", path: "/api", success: false },
    { host: "a.test", route: "/api/admin", path: "/api/admin", success: true },
  ]);
});
