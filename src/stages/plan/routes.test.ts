import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makePlan } from "./make.ts";
import type { Plan } from "./schema.ts";
import { api, front, service, several, stackInput, worker } from "./stack-fixture.ts";

const planOf = (wishes: object = {}, analysis = several) => makePlan(stackInput(analysis, wishes));
const routesOf = (plan: Plan) => plan.routes.map((route) => `${route.host}${route.path} ${route.service}`);
const risksOf = (plan: Plan) => plan.risks.map(({ about, text }) => `${about}: ${text}`);

describe("routes", () => {
  test("one domain leads to the front end, and to its API below the usual path", () => {
    expect(routesOf(planOf())).toEqual(["shop.example.com/api api", "shop.example.com/ front"]);
  });

  test("an API gets the paths that its front end asks for", () => {
    const asked = {
      ...api,
      paths: ["/v1", "/auth/"],
      evidence: { paths: [{ file: "vite.config.ts", line: 6, rule: "" }] },
    };
    const plan = planOf({}, { ...several, services: [asked, front] });
    expect(routesOf(plan)).toEqual(["shop.example.com/auth api", "shop.example.com/v1 api", "shop.example.com/ front"]);
    expect(plan.reasons).toContainEqual({ about: "api.route", text: "/v1: vite.config.ts:6" });
  });

  test.each([
    ["front end before what is first", [service("admin", { kind: "web", port: 4000 }), front], "front"],
    ["web before API", [api, service("shop", { kind: "web", port: 4000 })], "shop"],
    ["the first that listens", [worker, api], "api"],
    ["what is built before what is pulled", [service("queue", { kind: "web", image: "nats", port: 8222 }), api], "api"],
  ])("of several that could have it, / goes to the %s", (_, services, root) => {
    expect(routesOf(planOf({}, { ...several, services }))).toContain(`shop.example.com/ ${root}`);
  });

  test("what no address leads to is said", () => {
    const admin = service("admin", { kind: "web", port: 4000 });
    expect(risksOf(planOf({}, { ...several, services: [front, admin] }))).toContain(
      "admin: No address leads to it, so the stack's other services alone reach it; else: --route /PATH=admin",
    );
  });

  test("wishes take the place of all of them", () => {
    const routes = [{ service: "api" }, { host: "www.example.com", path: "/app", service: "front", strip: true }];
    const plan = planOf({ routes });
    expect(plan.routes).toEqual([
      { host: "shop.example.com", path: "/", service: "api", strip: false },
      { host: "www.example.com", path: "/app", service: "front", strip: true },
    ]);
    expect(routesOf(planOf({ routes: [] }))).toEqual(routesOf(planOf()));
  });

  test("are in the order in which a request is compared with them", () => {
    const path = fc.array(fc.constantFrom("a", "bb", "c"), { maxLength: 3 }).map((parts) => `/${parts.join("/")}`);
    const wish = fc.record({
      host: fc.constantFrom("x.example.com", "y.example.com"),
      path,
      service: fc.constantFrom("api", "front"),
    });
    const wishes = fc.uniqueArray(wish, { selector: (one) => one.host + one.path, minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(wishes, (routes) => {
        const found = planOf({ routes }).routes;
        expect(found).toHaveLength(routes.length);
        for (const [n, route] of found.entries())
          for (const later of found.slice(n + 1))
            expect(
              later.host > route.host || (later.host === route.host && later.path.length <= route.path.length),
            ).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  test("a stack of workers needs no domain", () => {
    const plan = makePlan(stackInput({ ...several, services: [worker] }, { domain: undefined }));
    expect(plan.routes).toEqual([]);
  });
});
