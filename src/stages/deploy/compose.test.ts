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
