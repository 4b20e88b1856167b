import { expect, test } from "vitest";
import { parse } from "yaml";
import { plan } from "../plan/plan-fixture.ts";
import { renderCompose } from "./compose.ts";

const text = renderCompose(plan, "abc123", { web: "172.30.0.11", worker: "172.30.0.12" });
const file: { services: Record<string, Record<string, unknown>> } & Record<string, unknown> = parse(text);

test("services keep image, address, environment file and what they depend on", () => {
  expect(file.services["web"]).toMatchObject({
    image: "berth/shop-web:1",
    user: "node",
    env_file: ["/var/lib/berth/stacks/shop/releases/abc123/web.env"],
    networks: { default: { ipv4_address: "172.30.0.11" } },
    volumes: [{ type: "volume", source: "shop-uploads", target: "/app/uploads" }],
    depends_on: ["worker", "postgres"],
    restart: "unless-stopped",
    mem_limit: "512m",
    cap_drop: ["ALL"],
    security_opt: ["no-new-privileges:true"],
    stop_grace_period: "10s",
  });
  expect(file.services["web"]).not.toHaveProperty("command");
});

test("replicas, ports, rights, processors, a check and an entrypoint are in it", () => {
  const [web, worker] = plan.services;
  const [postgres] = plan.backing;
  if (!web || !worker || !postgres) throw new Error("two services and a database");
  const published = [{ port: 5432, hostPort: 15432, protocol: "tcp" as const, why: "wished" }];
  const many = {
    ...plan,
    services: [
      { ...web, replicas: 3, cpus: 0.5, capabilities: ["CHOWN"], entrypoint: ["/init"] },
      { ...worker, health: { ...worker.health, command: ["sh", "-c", "test -e $X"] } },
    ],
    backing: [{ ...postgres, published, command: ["postgres", "-c", "x=1"] }],
  };
  const { services } = parse(renderCompose(many, "abc123", { web: "172.30.0.11" })) as typeof file;
  expect(services["web"]).toMatchObject({
    ...{ scale: 3, cpus: 0.5, cap_add: ["CHOWN"], entrypoint: ["/init"], networks: { default: {} } },
  });
  expect(services["worker"]).toMatchObject({ healthcheck: { test: ["CMD", "sh", "-c", "test -e $$X"] } });
  expect(services["postgres"]).toMatchObject({ ports: ["15432:5432/tcp"], command: ["postgres", "-c", "x=1"] });
  expect(services["postgres"]).toHaveProperty("cap_add");
  expect(services["worker"]).not.toHaveProperty("ports");
  expect(services["worker"]).not.toHaveProperty("scale");
});

test("a dollar sign of a command is no variable of compose", () => {
  expect(file.services["worker"]).toMatchObject({ command: ["sh", "-c", "exec node worker.js $$QUEUE"] });
});

test("texts that look like something else are quoted", () => {
  expect(text).toContain('user: "1000:1000"');
});

test("no command of compose takes data or the network with it", () => {
  expect(file["volumes"]).toEqual({
    "shop-postgres": { name: "shop-postgres", external: true },
    "shop-uploads": { name: "shop-uploads", external: true },
  });
  expect(file["networks"]).toEqual({ default: { name: "shop", external: true } });
});

test("no value of the environment is in it", () => {
  expect(text).not.toMatch(/SESSION_SECRET|DATABASE_URL|postgres:\/\//);
  expect(file.services["postgres"]).not.toHaveProperty("environment");
});
