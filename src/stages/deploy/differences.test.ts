import type { ContainerCreateOptions, ContainerInspectInfo } from "dockerode";
import { expect, test } from "vitest";
import { differencesOf } from "./differences.ts";

const planned: ContainerCreateOptions = {
  Env: ["PORT=3000", "NODE_ENV=production"],
  HostConfig: {
    Mounts: [{ Type: "volume", Source: "shop-data", Target: "/data", ReadOnly: false }],
    Memory: 1000,
    CapDrop: ["ALL"],
    CapAdd: ["CHOWN"],
    NetworkMode: "shop",
  },
};
const image = {
  Env: ["PATH=/bin", "NODE_ENV=development"],
  Cmd: ["node", "server.js"],
  Entrypoint: ["/init"],
  User: "node",
};

/** As Engines say it of a container that was made as planned: what the image says in it, other words for some rights. */
const made = (config: object = {}, host: object = {}) =>
  ({
    Config: {
      Env: ["PORT=3000", "NODE_ENV=production", "PATH=/bin"],
      ...{ Cmd: ["node", "server.js"], Entrypoint: ["/init"], User: "node" },
      ...config,
    },
    HostConfig: {
      Mounts: [{ Type: "volume", Source: "shop-data", Target: "/data" }],
      ...{ Memory: 1000, NanoCpus: 0, CapDrop: ["ALL"], CapAdd: ["CAP_CHOWN"], Binds: null, PortBindings: {} },
      ...{ NetworkMode: "shop", Privileged: false },
      ...host,
    },
  }) as unknown as ContainerInspectInfo;

test("a container that was made as planned shows no difference", () => {
  expect(differencesOf(planned, made(), image)).toEqual([]);
});

test.each<[string, object, object]>([
  ["environment", { Env: ["PORT=3000", "NODE_ENV=production", "PATH=/bin", "DEBUG=1"] }, {}],
  ["environment", { Env: ["PORT=4000", "NODE_ENV=production", "PATH=/bin"] }, {}],
  ["environment", { Env: ["PORT=3000", "PATH=/bin"] }, {}],
  ["command", { Cmd: ["sh"] }, {}],
  ["entrypoint", { Entrypoint: null }, {}],
  ["user", { User: "root" }, {}],
  ["volumes", {}, { Mounts: [] }],
  ["volumes", {}, { Binds: ["/:/host"] }],
  ["open ports", {}, { PortBindings: { "3000/tcp": [{ HostIp: "", HostPort: "3000" }] } }],
  ["memory", {}, { Memory: 2000 }],
  ["processors", {}, { NanoCpus: 1 }],
  ["rights", {}, { CapAdd: ["CAP_CHOWN", "CAP_SYS_ADMIN"] }],
  ["privileges", {}, { Privileged: true }],
  ["network", {}, { NetworkMode: "host" }],
])("another %s is one", (name, config, host) => {
  expect(differencesOf(planned, made(config, host), image)).toEqual([name]);
});

test("an entrypoint of the plan's drops the image's command, as the Engine does", () => {
  const own = { ...planned, Entrypoint: ["/run"] };
  expect(differencesOf(own, made({ Entrypoint: ["/run"], Cmd: null }), image)).toEqual([]);
  expect(differencesOf({ ...own, Cmd: ["x"] }, made({ Entrypoint: ["/run"], Cmd: ["x"] }), image)).toEqual([]);
});
