import { expect, test } from "vitest";
import { type Body, containerBody } from "./body.ts";
import { beforeName, failedContainer, releaseContainer, serviceContainer } from "./names.ts";

const web: Body = {
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
  cpus: null,
  entrypoint: null,
  published: [],
};

test("a container has no right, log or port beyond what it needs", () => {
  const body = containerBody(web);
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

test("what is wished besides: an entrypoint, processors, rights, a check, and ports of the server in both families", () => {
  const published = [
    { port: 53, hostPort: 53, protocol: "udp" as const, why: "" },
    { port: 53, hostPort: 5353, protocol: "udp" as const, why: "" },
    { port: 853, hostPort: 853, protocol: "tcp" as const, why: "" },
  ];
  const body = containerBody({
    ...{ ...web, entrypoint: ["/init"], command: ["serve"], user: null, cpus: 0.5, published },
    ...{ capabilities: ["CHOWN"], ready: ["true"] },
  });
  expect(body).toMatchObject({
    ...{ Entrypoint: ["/init"], Cmd: ["serve"] },
    Healthcheck: { Test: ["CMD", "true"] },
    ExposedPorts: { "53/udp": {}, "853/tcp": {} },
    HostConfig: {
      ...{ NanoCpus: 500_000_000, CapAdd: ["CHOWN"] },
      PortBindings: {
        "53/udp": [
          { HostIp: "", HostPort: "53" },
          { HostIp: "", HostPort: "5353" },
        ],
        "853/tcp": [{ HostIp: "", HostPort: "853" }],
      },
    },
  });
  expect(body).not.toHaveProperty("User");
});

test("names of a service's containers never meet", () => {
  const names = [
    serviceContainer("shop", "web", "f".repeat(64)),
    serviceContainer("shop", "web", "f".repeat(64), 2),
    beforeName(serviceContainer("shop", "web", "f".repeat(64))),
    failedContainer("shop", "web"),
    releaseContainer("shop", "web", "abc"),
  ];
  expect(new Set(names).size).toBe(names.length);
});
