import type { Analysis, Datastore, Service } from "../analysis/schema.ts";
import { analysis, planInput, survey, variable } from "./fixture.ts";
import { imagesOf } from "./images.ts";
import type { PlanInput } from "./make.ts";
import { Wishes } from "./wishes.ts";

const [web] = analysis.services as [Service];
const at = (file: string, line: number) => [{ file, line, rule: "test" }];

/** A service that says nothing but what is given. */
export const service = (name: string, over: Partial<Service>): Service => ({
  ...web,
  name,
  path: name,
  framework: null,
  frameworks: [],
  release: null,
  port: null,
  port_env: null,
  health_path: null,
  env: [],
  depends_on: [],
  writable: [],
  evidence: {},
  confidence: {},
  ...over,
});

export const datastore = (name: string, over: Partial<Datastore> = {}): Datastore => ({
  name,
  host: null,
  published: [],
  version: null,
  required: true,
  evidence: at("compose.yaml", 3),
  confidence: "stated",
  ...over,
});

export const front = service("front", { kind: "frontend", start: null, build: "npm run build", static_dir: "dist" });
export const api = service("api", { kind: "api", port: 8000, health_path: "/api/healthz", depends_on: ["postgres"] });
export const worker = service("worker", { kind: "worker", start: "node worker.js", depends_on: ["postgres", "redis"] });

/** A front end, an API and a worker with PostgreSQL and Redis, as an analysis: for tests. */
export const several: Analysis = {
  ...analysis,
  services: [front, api, worker],
  datastores: [datastore("postgres"), datastore("redis")],
  env: [
    variable("DATABASE_URL", { services: ["api", "worker"], refers_to: { datastore: "postgres", part: "url" } }),
    variable("REDIS_URL", { services: ["worker"], refers_to: { datastore: "redis", part: "url" } }),
  ],
};

/** What a plan of it is made from; the registry has every image that it names. */
export function stackInput(found: Analysis, wishes: object = {}, change: Partial<PlanInput> = {}): PlanInput {
  const digest = `sha256:${"5".repeat(64)}`;
  const images = Object.fromEntries(imagesOf(found).map((name) => [name, `${name}@${digest}`]));
  return planInput({
    analysis: found,
    survey: { ...survey, images },
    wishes: Wishes.parse({ domain: "shop.example.com", ...wishes }),
    ...change,
  });
}
