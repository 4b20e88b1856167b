import { Plan } from "./schema.ts";

const digest = `sha256:${"a".repeat(64)}`;
const why = "for a test";
const secret = (name: string) => ({ from: "secret" as const, secret: name, why });
const value = (text: string) => ({ from: "value" as const, value: text, why });

/** A web application with a worker and PostgreSQL, as a plan: for tests. */
export const plan: Plan = Plan.parse({
  version: 1,
  stack: "shop",
  wishes: { env: {} },
  source: { kind: "folder", name: "shop", revision: "r1", contentHash: "0".repeat(64) },
  server: {
    name: "s1",
    host: "192.0.2.7",
    port: 22,
    user: "root",
    hostKey: "SHA256:x",
    os: { id: "debian", version: "13" },
    architecture: "amd64",
  },
  build: { on: "server", why, platform: "linux/amd64", caBundle: null },
  images: [],
  services: [
    {
      name: "web",
      image: "berth/shop-web:1",
      port: 3000,
      command: null,
      releaseCommand: ["npm", "run", "migrate"],
      user: "node",
      env: {
        PORT: value("3000"),
        SESSION_SECRET: secret("session"),
        DATABASE_URL: {
          from: "reference",
          to: "postgres",
          parts: ["postgres://shop:", { secret: "postgres-password" }, "@postgres/shop"],
          why,
        },
      },
      mounts: [{ volume: "shop-uploads", path: "/app/uploads", why }],
      health: { path: "/healthz", timeoutSeconds: 60, why },
      memoryMegabytes: 512,
      strategy: { kind: "overlap", why },
      addresses: ["172.30.0.10", "172.30.0.11"],
      stopSeconds: 10,
      dependsOn: ["worker", "postgres"],
    },
    {
      name: "worker",
      image: "berth/shop-worker:1",
      port: 4000,
      command: ["sh", "-c", "exec node worker.js $QUEUE"],
      releaseCommand: null,
      user: "1000:1000",
      env: { PORT: value("4000") },
      mounts: [],
      health: { path: null, timeoutSeconds: 30, why },
      memoryMegabytes: 256,
      strategy: { kind: "stop-first", why },
      addresses: ["172.30.0.12", "172.30.0.13"],
      stopSeconds: 10,
      dependsOn: ["postgres"],
    },
  ],
  backing: [
    {
      name: "postgres",
      kind: "postgres",
      image: `postgres:17@${digest}`,
      env: { POSTGRES_USER: value("shop"), POSTGRES_PASSWORD: secret("postgres-password") },
      mounts: [{ volume: "shop-postgres", path: "/var/lib/postgresql/data", why }],
      port: 5432,
      memoryMegabytes: 512,
      ready: ["pg_isready", "-h", "127.0.0.1"],
    },
  ],
  volumes: [
    { name: "shop-postgres", holds: "the database" },
    { name: "shop-uploads", holds: "uploads" },
  ],
  network: { name: "shop", subnet: "172.30.0.0/24", gateway: "172.30.0.1", ipRange: "172.30.0.128/25" },
  routes: [{ host: "shop.example.com", service: "web" }],
  tls: { directory: "https://acme.example.com/dir", email: null, trust: null },
  proxy: { kind: "caddy", image: `caddy:2@${digest}` },
  secrets: [
    { origin: "generated", name: "postgres-password", version: 1, length: 32, alphabet: "alphanumeric" },
    { origin: "given", name: "session", fingerprint: "f1" },
  ],
  provision: { packages: [], swapMegabytes: 0, sshPorts: [22], openPorts: [] },
  reasons: [],
  risks: [],
});
