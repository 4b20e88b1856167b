import { expect, test } from "vitest";
import { diffPlans } from "./diff.ts";
import { plan } from "./plan-fixture.ts";
import type { Plan } from "./schema.ts";

/** The fixture with something changed, as the plan behind it. */
function changed(change: (plan: Plan) => void): Plan {
  const other = structuredClone(plan);
  change(other);
  return other;
}
const diff = (change: (plan: Plan) => void) => diffPlans(plan, changed(change));
const service = (of: Plan, name: string) => of.services.find((one) => one.name === name) ?? raise();
const raise = () => {
  throw new Error("not in the fixture");
};

test("a plan does not differ from itself, nor by its wishes alone", () => {
  expect(diffPlans(plan, plan)).toEqual([]);
  expect(diff((other) => Object.assign(other.wishes, { memoryMegabytes: 512 }))).toEqual([]);
});

test("a value is named by the parts that it stands in, whatever their order", () => {
  const changes = diff((other) => {
    service(other, "web").port = 8080;
    service(other, "worker").health.timeoutSeconds = 90;
    other.services.reverse();
    other.backing = other.backing.map((one) => ({ ...one, memoryMegabytes: 1024 }));
  });
  expect(changes).toEqual([
    { path: "backing.postgres.memoryMegabytes", from: 512, to: 1024 },
    { path: "services.web.port", from: 3000, to: 8080 },
    { path: "services.worker.health.timeoutSeconds", from: 30, to: 90 },
  ]);
});

test("what comes and goes stands there whole, with one side", () => {
  const changes = diff((other) => {
    other.services = other.services.filter(({ name }) => name !== "worker");
    service(other, "web").env["TITLE"] = { from: "value", value: "Shop", why: "wished" };
    other.routes.push({ host: "www.example.com", path: "/", service: "web", strip: false });
    service(other, "web").mounts = [];
  });
  expect(changes).toEqual([
    { path: "routes.www.example.com", to: { host: "www.example.com", path: "/", service: "web", strip: false } },
    { path: "services.web.env.TITLE", to: { from: "value", value: "Shop", why: "wished" } },
    { path: "services.web.mounts.shop-uploads", from: service(plan, "web").mounts[0] },
    { path: "services.worker", from: service(plan, "worker") },
  ]);
  expect(changes.map((change) => Object.keys(change).sort().join())).toEqual([
    "path,to",
    "path,to",
    "from,path",
    "from,path",
  ]);
});

test("a list of plain values is compared whole, one of ports by what they are", () => {
  const [http, https] = [80, 443].map((port) => ({ port, protocol: "tcp" as const, why: "" }));
  const three = { ...https, protocol: "udp" as const } as Plan["provision"]["openPorts"][number];
  const before = changed(({ provision }) => void Object.assign(provision, { openPorts: [http, https] }));
  const after = changed(({ provision, services }) => {
    Object.assign(provision, { openPorts: [http, https, three], packages: ["docker.io"] });
    Object.assign(services[1] ?? {}, { command: ["node", "worker.js"] });
  });
  expect(diffPlans(before, after)).toEqual([
    { path: "provision.openPorts.443/udp", to: three },
    { path: "provision.packages", from: [], to: ["docker.io"] },
    { path: "services.worker.command", from: ["sh", "-c", "exec node worker.js $QUEUE"], to: ["node", "worker.js"] },
  ]);
});

test("a rotated secret shows by its fingerprint, and a name like an object's own does no harm", () => {
  const changes = diff((other) => {
    other.secrets = other.secrets.map((use) => (use.origin === "given" ? { ...use, fingerprint: "f2" } : use));
    const env = JSON.parse(
      '{"__proto__": {"from": "value", "value": "x", "why": ""}}',
    ) as Plan["services"][number]["env"];
    service(other, "worker").env = { ...service(other, "worker").env };
    Object.defineProperty(service(other, "worker").env, "__proto__", { value: env, enumerable: true });
  });
  expect(changes.map(({ path }) => path)).toEqual(["secrets.session.fingerprint", "services.worker.env.__proto__"]);
  expect(changes[0]).toEqual({ path: "secrets.session.fingerprint", from: "f1", to: "f2" });
});
