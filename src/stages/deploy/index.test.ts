import { expect, test } from "vitest";
import { plan } from "../plan/plan-fixture.ts";
import { releaseOf } from "../plan/release.ts";
import { deployCalls, deploySteps } from "./index.ts";

test("the old version serves until the switch: everything that can fail comes before it", () => {
  expect(deployCalls(plan).map(({ id }) => id)).toEqual([
    "stack/network",
    "stack/volume/shop-postgres",
    "stack/volume/shop-uploads",
    "stack/secrets",
    "stack/environment/postgres",
    "stack/environment/worker",
    "stack/environment/web",
    "stack/backing/postgres",
    "stack/release-command/web/create",
    "stack/release-command/web/run",
    "stack/routes/add",
    "stack/certificate/shop.example.com",
    "stack/start/worker",
    "stack/start/web",
    "stack/switch",
    "stack/retire",
    "stack/routes/settle",
    "stack/record",
    "stack/clean",
  ]);
});

test("each call is one of the steps, and its input is what that step reads", () => {
  const steps = new Map(deploySteps.map(({ step }) => [step.kind, step]));
  expect(steps.size).toBe(deploySteps.length);
  for (const { kind, input } of deployCalls(plan)) {
    expect(steps.get(kind)?.input.parse(input), kind).toEqual(input);
    expect(steps.get(kind)?.title(input)).toMatch(/\S/);
  }
});

test("the same plan gives the same lines, and everything that a run needs to find again is in them", () => {
  expect(deployCalls(structuredClone(plan))).toEqual(deployCalls(plan));
  const start = deployCalls(plan).find(({ id }) => id === "stack/start/web");
  expect(start?.input).toMatchObject({
    host: "shop.example.com",
    environment: { release: releaseOf(plan) },
    placed: {
      containers: [expect.stringMatching(/^shop-web-[0-9a-f]{8}$/)],
      upstreamFile: "/var/lib/berth/proxy/etc/up/shop_web",
    },
  });
});

test("a stack without routes is not switched, and loses the routes that it had", () => {
  const ids = deployCalls({ ...plan, routes: [] }).map(({ id }) => id);
  expect(ids).not.toContain("stack/switch");
  expect(ids).toContain("stack/routes/settle");
});
