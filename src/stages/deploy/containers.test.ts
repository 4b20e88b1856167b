import { expect, test } from "vitest";
import { containerBody } from "./body.ts";
import { failedContainer, releaseContainer, serviceContainer } from "./names.ts";

test("a container has no right, log or port beyond what it needs", () => {
  const body = containerBody({
    name: "shop-web-12345678",
    image: "berth/shop-web:1",
    stack: "shop",
    part: "web",
    role: "service",
    spec: "1".repeat(64),
    release: "abc",
    network: "shop",
    address: "172.30.0.10",
    alias: "web",
    env: ["PORT=3000"],
    mounts: [{ volume: "shop-uploads", path: "/app/uploads", why: "" }],
    memoryMegabytes: 512,
    command: null,
    user: "node",
    stopSeconds: 10,
    restart: "no",
    ready: null,
    capabilities: [],
  });
  expect(body).toMatchObject({
    User: "node",
    StopTimeout: 10,
    HostConfig: {
      Memory: 512 * 1024 * 1024,
      CapDrop: ["ALL"],
      CapAdd: [],
      SecurityOpt: ["no-new-privileges"],
      Init: true,
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
      Mounts: [{ Type: "volume", Source: "shop-uploads", Target: "/app/uploads", ReadOnly: false }],
    },
    NetworkingConfig: {
      EndpointsConfig: { shop: { IPAMConfig: { IPv4Address: "172.30.0.10" }, Aliases: ["web"] } },
    },
  });
  expect(body.HostConfig).not.toHaveProperty("PortBindings");
  expect(body).not.toHaveProperty("Cmd");
  expect(body).not.toHaveProperty("Healthcheck");
});

test("names of a service's containers never meet", () => {
  const names = [
    serviceContainer("shop", "web", "f".repeat(64)),
    failedContainer("shop", "web"),
    releaseContainer("shop", "web", "abc"),
  ];
  expect(new Set(names).size).toBe(names.length);
});
