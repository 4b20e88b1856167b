import { describe, expect, test } from "vitest";
import { variable } from "./fixture.ts";
import { foldersOf, imagesOf } from "./images.ts";
import { makePlan, planHash } from "./make.ts";
import type { Plan } from "./schema.ts";
import { api, datastore, service, several, stackInput } from "./stack-fixture.ts";

const planOf = (wishes: object = {}, analysis = several) => makePlan(stackInput(analysis, wishes));
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
