import { join } from "node:path";
import { expect, test } from "vitest";
import { analyze } from "../src/stages/analysis/analyze.ts";
import { planInput } from "../src/stages/plan/fixture.ts";
import { makePlan } from "../src/stages/plan/make.ts";

const planOf = async (publish: { service: string; port: number; protocol: "tcp" }[] = []) => {
  const analysis = await analyze(join(import.meta.dirname, "../examples/legacy"), { name: "legacy" });
  return makePlan(planInput({ analysis, wishes: { domain: "lending.example.com", env: {}, publish } }));
};

test("a source with its own Dockerfile and compose file: one service and Berth's own database under its name, nothing published", async () => {
  const plan = await planOf();
  expect(plan.services).toMatchObject([
    {
      name: "web",
      port: 8080,
      user: null,
      published: [],
      mounts: [{ path: "/var/lib/lending", why: "docker-compose.yml:12 keeps it in the volume journal" }],
      env: {
        DATABASE_URL: {
          from: "reference",
          to: "db",
          parts: ["postgres://legacy:", { secret: "db-password" }, "@db:5432/legacy"],
        },
      },
      dependsOn: ["db"],
    },
  ]);
  expect(plan.backing).toMatchObject([{ name: "db", kind: "postgres", published: [] }]);
  expect(plan.risks.filter(({ about }) => about !== "server")).toEqual([
    { about: "web", text: "It may begin as root: its Dockerfile names no other user." },
    {
      about: "db",
      text: "5432 is closed from outside though docker-compose.yml:21 publishes it; open it: --publish db:5432",
    },
  ]);
  expect(JSON.stringify(plan)).not.toContain("lending:lending");
});

test("what a person wishes is opened, and is no risk any more", async () => {
  const plan = await planOf([{ service: "db", port: 5432, protocol: "tcp" }]);
  expect(plan.backing[0]?.published).toMatchObject([{ port: 5432, hostPort: 5432 }]);
  expect(plan.risks.filter(({ about }) => about === "db")).toEqual([]);
});
