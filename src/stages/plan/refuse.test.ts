import { describe, expect, test } from "vitest";
import { makePlan } from "./make.ts";
import type { Plan } from "./schema.ts";
import { api, datastore, front, service, several, stackInput } from "./stack-fixture.ts";

const planOf = (wishes: object = {}, analysis = several) => makePlan(stackInput(analysis, wishes));
const of = (plan: Plan, name: string) => plan.services.find((one) => one.name === name);
const refused = (wishes: object, analysis = several) => {
  try {
    planOf(wishes, analysis);
  } catch (error) {
    return error;
  }
  throw new Error("it was not refused");
};

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
