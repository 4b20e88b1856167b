import type { Analysis } from "../analysis/schema.ts";
import type { Survey } from "../survey/schema.ts";
import { foldersOf } from "./images.ts";
import type { PlanInput } from "./make.ts";

const stated = { evidence: [{ file: "server.js", line: 7, rule: "test" }], confidence: "stated" as const };
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

/** A small web application with PostgreSQL, as an analysis: for tests. */
export const analysis: Analysis = {
  version: 1,
  name: "Shop Front",
  languages: [{ name: "javascript", share: 1, version: null }],
  monorepo: null,
  services: [
    {
      name: "web",
      path: ".",
      kind: "web",
      language: "javascript",
      runtime: { name: "node", version: "24" },
      framework: "express",
      frameworks: ["express"],
      package_manager: "npm",
      install: "npm ci",
      build: null,
      start: "node server.js",
      release: "npm run migrate",
      port: 3000,
      port_env: "PORT",
      health_path: "/healthz",
      static_dir: null,
      dockerfile: null,
      image: null,
      command: null,
      health_command: null,
      published: [],
      paths: [],
      values: {},
      env: ["PORT", "DATABASE_URL", "SESSION_SECRET", "UPLOAD_DIR", "SITE_TITLE"],
      depends_on: ["postgres"],
      writable: [{ path: "uploads", from_env: "UPLOAD_DIR", why: "uploaded pictures", ...stated }],
      evidence: { port: stated.evidence, health_path: stated.evidence },
      confidence: { port: "stated", health_path: "stated" },
    },
  ],
  datastores: [{ name: "postgres", host: null, published: [], version: null, required: true, ...stated }],
  env: [
    variable("PORT", {}),
    variable("DATABASE_URL", { required: true, secret: true, refers_to: { datastore: "postgres", part: "url" } }),
    variable("SESSION_SECRET", { required: true, secret: true, generatable: true }),
    variable("UPLOAD_DIR", {}),
    variable("SITE_TITLE", {}),
  ],
  external: [],
  questions: [],
};

export function variable(name: string, facts: Partial<Analysis["env"][number]>): Analysis["env"][number] {
  const plain = {
    required: false,
    secret: false,
    build_time: false,
    services: ["web"],
    refers_to: null,
    generatable: false,
  };
  return { name, ...plain, ...stated, ...facts };
}

export const survey: Survey = {
  at: "2026-01-01T00:00:00.000Z",
  target: { name: "shop", host: "192.0.2.1", port: 22, user: "root" },
  hostKey: "SHA256:abc",
  server: {
    os: { id: "debian", version: "13", codename: "trixie", pretty: "Debian GNU/Linux 13" },
    architecture: "amd64",
    kernel: "6.12",
    bootId: "1",
    container: false,
    cpus: 2,
    memoryMegabytes: 4096,
    swapMegabytes: 0,
    diskFreeMegabytes: { root: 20_000, engine: 20_000 },
    root: true,
    sshPorts: [22],
    passwordLogin: true,
    listeners: [],
    engine: null,
    enginePackage: null,
    firewalls: [],
    networks: [],
    routes: [],
    addresses6: [],
    stacks: [],
    applied: null,
    appliedDamaged: false,
    proxyImage: null,
  },
  builder: { architecture: "amd64", engine: "26.1" },
  images: {
    "node:24-slim": `node:24-slim@${digest("1")}`,
    "postgres:17": `postgres:17@${digest("2")}`,
    "caddy:2": `caddy:2@${digest("3")}`,
  },
};

export const planInput = (change: Partial<PlanInput> = {}): PlanInput => ({
  source: { kind: "folder", name: "shop", revision: "a".repeat(64), contentHash: "a".repeat(64) },
  analysis,
  survey,
  wishes: { domain: "shop.example.com", env: {} },
  contexts: Object.fromEntries(foldersOf(change.analysis ?? analysis).map((folder) => [folder, "f".repeat(64)])),
  given: {},
  tls: { directory: "https://acme.example/dir", email: null, trust: null },
  caBundle: null,
  last: null,
  start: null,
  updateImages: false,
  ...change,
});
