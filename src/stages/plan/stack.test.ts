import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { variable } from "./fixture.ts";
import { foldersOf, imagesOf } from "./images.ts";
import { makePlan, planHash } from "./make.ts";
import type { Plan } from "./schema.ts";
import { api, datastore, front, service, several, stackInput, worker } from "./stack-fixture.ts";

const planOf = (wishes: object = {}, analysis = several) => makePlan(stackInput(analysis, wishes));
const routesOf = (plan: Plan) => plan.routes.map((route) => `${route.host}${route.path} ${route.service}`);
const of = (plan: Plan, name: string) => plan.services.find((one) => one.name === name);
const risksOf = (plan: Plan) => plan.risks.map(({ about, text }) => `${about}: ${text}`);
const refused = (wishes: object, analysis = several) => {
  try {
    planOf(wishes, analysis);
  } catch (error) {
    return error;
  }
  throw new Error("it was not refused");
};

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

describe("each service", () => {
  test("sees its own folder and gets what it needs", () => {
    const plan = planOf();
    expect(foldersOf(several)).toEqual(["front", "api", "worker"]);
    expect(plan.images.map(({ folder }) => folder)).toEqual(["front", "api", "worker"]);
    expect(of(plan, "front")).toMatchObject({
      port: 8080,
      env: {},
      memoryMegabytes: 128,
      capabilities: expect.any(Array),
    });
    expect(of(plan, "worker")).toMatchObject({
      port: null,
      health: { path: null, command: null, timeoutSeconds: 10 },
      dependsOn: ["postgres", "redis"],
      env: { NODE_ENV: {}, DATABASE_URL: { to: "postgres" }, REDIS_URL: { to: "redis" } },
    });
    expect(of(plan, "worker")?.env).not.toHaveProperty("PORT");
    expect(of(plan, "api")?.env).not.toHaveProperty("REDIS_URL");
  });

  test("has an image of its own: a change of one folder leaves the others as they are", () => {
    const input = stackInput(several);
    const changed = makePlan({ ...input, contexts: { ...input.contexts, front: "0".repeat(64) } });
    const differ = planOf().images.filter(({ tag }, n) => tag !== changed.images[n]?.tag);
    expect(differ.map((image) => image.service)).toEqual(["front"]);
  });

  test("gets what a person wishes of it, and the stack's wishes are the routed one's", () => {
    const services = { api: { replicas: 3, memoryMegabytes: 256, cpus: 0.5 }, postgres: { memoryMegabytes: 1024 } };
    const plan = planOf({ services, memoryMegabytes: 96, healthPath: "/up", healthSeconds: 90 });
    expect(of(plan, "api")).toMatchObject({ replicas: 3, memoryMegabytes: 256, cpus: 0.5 });
    expect(of(plan, "api")?.addresses).toHaveLength(3);
    expect(of(plan, "front")).toMatchObject({ memoryMegabytes: 96, health: { path: "/up", timeoutSeconds: 90 } });
    expect(of(plan, "worker")).toMatchObject({ memoryMegabytes: 512, health: { timeoutSeconds: 10 } });
    expect(plan.backing.find(({ name }) => name === "postgres")?.memoryMegabytes).toBe(1024);
  });

  test("gets only the wished variables and secrets that it reads, where that is known", () => {
    const env = [
      ...several.env,
      variable("LEVEL", { services: ["api"] }),
      variable("KEY", { services: ["worker"], secret: true }),
    ];
    const wished = { ...stackInput({ ...several, env }, { env: { LEVEL: "debug", TZ: "UTC" } }), given: { KEY: "ab" } };
    const plan = makePlan(wished);
    expect(of(plan, "api")?.env).toMatchObject({ LEVEL: { value: "debug" }, TZ: { value: "UTC" } });
    expect(of(plan, "worker")?.env).toMatchObject({ KEY: { secret: "KEY" }, TZ: { value: "UTC" } });
    expect(of(plan, "worker")?.env).not.toHaveProperty("LEVEL");
    expect(of(plan, "api")?.env).not.toHaveProperty("KEY");
  });

  test("gives its build what is wished for it", () => {
    const env = [...several.env, variable("VITE_TITLE", { services: ["front"], build_time: true })];
    const plan = planOf({ env: { VITE_TITLE: "Polls" } }, { ...several, env });
    expect(plan.images[0]).toMatchObject({
      args: { VITE_TITLE: "Polls" },
      dockerfile: expect.stringContaining("ARG VITE_TITLE"),
    });
  });

  test("of a registry is pulled by digest and keeps the rights that beginning as root takes", () => {
    const mail = service("mail", {
      kind: "worker",
      image: "axllent/mailpit",
      port: 8025,
      start: null,
      values: { MP_MAX: "500" },
    });
    const analysis = { ...several, services: [api, mail] };
    const plan = planOf({}, analysis);
    expect(imagesOf(analysis)).toContain("axllent/mailpit:latest");
    expect(plan.images.map((image) => image.service)).toEqual(["api"]);
    expect(of(plan, "mail")).toMatchObject({
      image: `axllent/mailpit:latest@sha256:${"5".repeat(64)}`,
      user: null,
      env: { MP_MAX: { value: "500" } },
      capabilities: expect.arrayContaining(["SETUID", "CHOWN"]),
    });
    expect(of(plan, "api")?.capabilities).toEqual([]);
    // What was applied stays, whatever the tag has moved to.
    const moved = { ...stackInput(analysis), last: plan };
    moved.survey = {
      ...moved.survey,
      images: Object.fromEntries(
        Object.keys(moved.survey.images).map((name) => [name, `${name}@sha256:${"9".repeat(64)}`]),
      ),
    };
    expect(of(makePlan(moved), "mail")?.image).toBe(of(plan, "mail")?.image);
    expect(of(makePlan({ ...moved, updateImages: true }), "mail")?.image).toContain("999");
  });
});

test("a plan of several services does not change by having been applied, nor by a worker that came in between", () => {
  const wishes = { services: { api: { replicas: 2 } }, publish: [{ service: "postgres", port: 5432 }] };
  const plan = planOf(wishes);
  const again = (last: Plan, found = several) => makePlan(stackInput(found, last.wishes, { last }));
  expect(planHash(again(plan))).toBe(planHash(plan));
  const more = again(plan, { ...several, services: [service("mailer", { kind: "worker" }), ...several.services] });
  for (const { name, addresses } of plan.services) expect(of(more, name)?.addresses).toEqual(addresses);
  expect(planHash(again(more, several))).toBe(planHash(plan));
});

describe("a compose file's words", () => {
  const db = datastore("postgres", {
    host: "db",
    published: [
      { port: 5432, host_port: 5432, protocol: "tcp", evidence: [{ file: "compose.yaml", line: 12, rule: "ports" }] },
    ],
  });
  const values = {
    DATABASE_URL: "postgresql+asyncpg://shop@db:5432/x?sslmode=disable",
    DB_HOST: "db",
    API_URL: "http://api:8000",
    SITE_URL: "http://localhost:3000",
    STRIPE: "sk_live_0123456789abcdef01",
  };
  const shop = service("shop", {
    kind: "web",
    port: 4000,
    values,
    evidence: { "values.API_URL": [{ file: "compose.yaml", line: 30, rule: "" }] },
  });
  const composed = { ...several, services: [shop, api], datastores: [db], env: [] };

  test("name the database, and what points at it gets its address in the same form", () => {
    const plan = makePlan(stackInput(composed, {}, { given: { STRIPE: "ab" } }));
    expect(plan.backing.map(({ name }) => name)).toEqual(["db"]);
    expect(plan.volumes.map(({ name }) => name)).toContain("shop-front-db");
    expect(of(plan, "shop")).toMatchObject({
      dependsOn: ["db"],
      env: {
        DATABASE_URL: {
          to: "db",
          parts: ["postgresql+asyncpg://shop_front:", { secret: "db-password" }, "@db:5432/shop_front?sslmode=disable"],
        },
        DB_HOST: { value: "db" },
        API_URL: { value: "http://api:8000", why: "compose.yaml:30" },
        SITE_URL: { value: "https://shop.example.com" },
        STRIPE: { from: "secret" },
      },
    });
    expect(of(plan, "api")?.env).not.toHaveProperty("STRIPE");
  });

  test("that look like a secret are asked for, and never in a plan", () => {
    expect(refused({}, composed)).toMatchObject({
      code: "questions_open",
      cause: expect.stringContaining("berth secrets set STRIPE"),
    });
  });

  test("keep the database's name and data where the source calls it otherwise now", () => {
    const given = { STRIPE: "ab" };
    const last = makePlan(stackInput({ ...several, datastores: [datastore("postgres")] }, {}));
    const plan = makePlan(stackInput(composed, last.wishes, { last, given }));
    expect(plan.backing.map(({ name }) => name)).toEqual(["postgres"]);
    expect(plan.volumes.map(({ name }) => name)).toContain("shop-front-postgres");
    expect(of(plan, "shop")?.env["DB_HOST"]).toMatchObject({ value: "postgres" });
  });

  test("open no port: the plan says so, and how it is opened", () => {
    const given = { STRIPE: "ab" };
    const said = "db: 5432 is closed from outside though compose.yaml:12 publishes it; open it: --publish db:5432";
    expect(risksOf(makePlan(stackInput(composed, {}, { given })))).toContain(said);
    const open = makePlan(stackInput(composed, { publish: [{ service: "db", port: 5432 }] }, { given }));
    expect(risksOf(open)).not.toContain(said);
    expect(risksOf(open).join()).toContain("every port but SSH, 80, 443 and 5432,");
    expect(open.backing[0]?.published).toEqual([{ port: 5432, hostPort: 5432, protocol: "tcp", why: "wished" }]);
    expect(open.provision.openPorts.at(-1)).toEqual({ port: 5432, protocol: "tcp", why: "db:5432, as wished" });
  });

  test("with two databases of a kind: a value says which", () => {
    const two = {
      ...composed,
      datastores: [db, datastore("postgres", { host: "stats" })],
      services: [{ ...shop, values: { A: "db", B: "stats:5432", C: "postgres://stats/x" } }],
    };
    const plan = planOf({}, two);
    expect(of(plan, "shop")?.env).toMatchObject({ A: { value: "db" }, B: { value: "stats:5432" }, C: { to: "stats" } });
    expect(risksOf(plan).join()).toContain("There are several (db, stats)");
  });
});

describe("a wish that cannot be", () => {
  const file = { path: "data.db", from_env: null, why: "", evidence: [], confidence: "stated" as const };
  const notes = {
    ...several,
    services: [service("notes", { kind: "web", port: 3000, writable: [{ ...file, path: "/data/notes.db" }] })],
  };

  test.each([
    ["an unknown service", { services: { shop: { replicas: 2 } } }, "no_such_service"],
    ["a route to nothing", { routes: [{ service: "shop" }] }, "no_such_service"],
    ["a route to a database", { routes: [{ service: "postgres" }] }, "no_such_service"],
    ["a route to what does not listen", { routes: [{ service: "worker" }] }, "impossible_wish"],
    ["one address twice", { routes: [{ service: "api" }, { service: "front" }] }, "impossible_wish"],
    ["replicas of a database", { services: { postgres: { replicas: 2 } } }, "impossible_wish"],
    ["a port of nothing", { publish: [{ service: "shop", port: 1 }] }, "no_such_service"],
    ["the proxy's port", { publish: [{ service: "api", port: 443 }] }, "port_taken"],
    ["SSH's port", { publish: [{ service: "api", port: 8000, hostPort: 22 }] }, "port_taken"],
    [
      "one port twice",
      {
        publish: [
          { service: "api", port: 8000 },
          { service: "front", port: 8000 },
        ],
      },
      "impossible_wish",
    ],
    [
      "a published port and replicas",
      { publish: [{ service: "api", port: 8000 }], services: { api: { replicas: 2 } } },
      "impossible_wish",
    ],
    [
      "more than the network holds",
      { services: { api: { replicas: 20 }, worker: { replicas: 20 }, front: { replicas: 20 } } },
      "too_many_services",
    ],
  ])("is refused with its reason: %s", (_, wishes, code) => {
    expect(refused(wishes)).toMatchObject({ code, cause: expect.stringMatching(/\w/) });
  });

  test("names what there is", () => {
    expect(refused({ services: { shop: { memoryMegabytes: 64 } } })).toMatchObject({
      object: "shop",
      cause: expect.stringContaining("front, api, worker, postgres, redis"),
    });
  });

  test.each([{ replicas: 2 }, { strategy: "overlap" }])("is refused of what writes one file: %j", (wished) => {
    expect(of(planOf({}, notes), "notes")?.strategy.kind).toBe("stop-first");
    expect(refused({ services: { notes: wished } }, notes)).toMatchObject({
      code: "impossible_wish",
      cause: "/data/notes.db is one file that two processes must not write at once.",
    });
  });

  test("a port that another program of the server has is refused, and one that this stack has is not", () => {
    const listener = {
      protocol: "tcp" as const,
      address: "0.0.0.0",
      port: 5432,
      process: "postgres",
      pid: 7,
      unit: null,
      ours: false,
    };
    const wishes = { publish: [{ service: "postgres", port: 5432 }] };
    const input = stackInput(several, wishes);
    const taken = { ...input, survey: { ...input.survey, server: { ...input.survey.server, listeners: [listener] } } };
    expect(() => makePlan(taken)).toThrow(expect.objectContaining({ code: "port_taken" }));
    expect(() => makePlan({ ...taken, last: makePlan(input) })).not.toThrow();
  });

  test("a published port makes a release stop first", () => {
    const plan = planOf({ publish: [{ service: "worker", port: 7000, protocol: "udp" }] });
    expect(of(plan, "worker")).toMatchObject({
      strategy: { kind: "stop-first" },
      published: [{ hostPort: 7000, protocol: "udp" }],
    });
  });

  test("what is wished of a service that the source has no more goes with it", () => {
    const last = planOf({ services: { worker: { replicas: 2 } }, publish: [{ service: "redis", port: 6379 }] });
    const less = { ...several, services: [front, api], datastores: [datastore("postgres")] };
    const plan = makePlan(stackInput(less, last.wishes, { last }));
    expect(plan.wishes).toMatchObject({ services: {}, publish: [] });
  });
});
