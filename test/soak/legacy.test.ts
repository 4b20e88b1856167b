import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scan } from "../../lab/scan.ts";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { applied, ask, type Cli, done, openCli, testLab } from "../e2e/berth.ts";
import { freshServer } from "../e2e/servers.ts";

// An application of its own Dockerfile and compose file, which publishes its database to the world. One story.
const lab = testLab();
const legacy = join(import.meta.dirname, "../../examples/legacy");
const stack = "legacy";
let server: Server;
let cli: Cli;

interface Planned {
  images: { dockerfile: string; bases: string[] }[];
  services: { name: string; user: string | null; capabilities: string[] }[];
  risks: { about: string; text: string }[];
  provision: { openPorts: { port: number }[] };
}

const there = (script: string) => inServer(lab, server.name, "sh", "-c", script);
const loans = async () => JSON.parse((await ask(lab, server, { path: "/loans" })).body) as { tool: string }[];
const journal = async () => (await ask(lab, server, { path: "/journal" })).body;
const startedAt = (service: string) =>
  there(
    `docker inspect --format '{{.Id}} {{.State.StartedAt}}' $(docker ps -q --filter label=dev.berth.stack=${stack} --filter label=dev.berth.service=${service})`,
  );

/** What PostgreSQL answers who asks for TLS: one letter, before any password. */
async function handshake(address: string): Promise<string> {
  const socket = connect({ host: address, port: 5432, timeout: 15_000 });
  socket.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]));
  const [answer] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return answer.toString("latin1");
}

beforeAll(async () => {
  server = await freshServer(lab, stack);
  cli = await openCli(lab);
});
afterAll(async () => {
  await cli.close();
  await removeServer(lab, server.name);
});

test("the plan says which port will be closed though the compose file publishes it, and builds by the source's own Dockerfile", async () => {
  const { plan } = JSON.parse(done(await cli.plan(legacy, server)).stdout) as { plan: Planned };
  expect(plan.risks).toContainEqual({
    about: "db",
    text: "5432 is closed from outside though docker-compose.yml:21 publishes it; open it: --publish db:5432",
  });
  expect(plan.provision.openPorts.map(({ port }) => port)).toEqual([80, 443]);
  expect(plan.images[0]?.dockerfile).toMatch(/^ARG NODE_VERSION=24\n\nFROM node:24-slim@sha256:\w{64} AS modules\n/);
  expect(plan.images[0]?.bases).toEqual([expect.stringMatching(/^node:24-slim@sha256:/)]);
  expect(plan.services).toMatchObject([
    { name: "web", user: null, capabilities: expect.arrayContaining(["CHOWN", "SETUID"]) },
  ]);
});

test("it serves, its image keeps nothing of the build's CA bundle, and its program is no root", async () => {
  done(await cli.up(legacy, server));
  const lent = await ask(lab, server, {
    method: "POST",
    path: "/loans",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "tool=ladder&borrower=Ada",
  });
  expect(lent.status).toBe(201);
  expect(await loans()).toMatchObject([{ tool: "ladder" }]);
  expect(await journal()).toContain("lent ladder to Ada");
  const container = `$(docker ps -q --filter label=dev.berth.stack=${stack} --filter label=dev.berth.service=web)`;
  expect(await there(`docker exec ${container} sh -c 'ls /mnt; env'`)).not.toMatch(/ca\.pem|_CERT|_CA_/);
  expect(
    await there(
      `docker top ${container} -eo pid,user,args | grep 'node server.js' | grep -v -- '-- ./docker-entrypoint'`,
    ),
  ).toMatch(/^\s*\d+\s+(?!root\b)\S+\s+node server\.js$/);
});

test("from outside no more than SSH and the proxy can be reached, over IPv4 and IPv6", async () => {
  expect(await scan(lab, server.name)).toEqual({ v4: [22, 80, 443], v6: [22, 80, 443] });
});

test("the same again is nothing to do", async () => {
  const before = [await startedAt("web"), await startedAt("db")];
  expect(applied(done(await cli.up(legacy, server)))).toEqual([]);
  expect([await startedAt("web"), await startedAt("db")]).toEqual(before);
});

test("opened by wish the database answers from outside, and it and the application's volume have what they had", async () => {
  const before = await startedAt("web");
  const wish = { args: ["--publish", "db:5432"] };
  const { plan } = JSON.parse(done(await cli.plan(legacy, server, wish)).stdout) as { plan: Planned };
  expect(plan.risks.filter(({ text }) => text.includes("closed from outside though"))).toEqual([]);
  expect(plan.provision.openPorts.map(({ port }) => port)).toEqual([80, 443, 5432]);
  done(await cli.up(legacy, server, wish));
  expect(await scan(lab, server.name)).toEqual({ v4: [22, 80, 443, 5432], v6: [22, 80, 443, 5432] });
  for (const address of [server.address, server.address6]) expect(await handshake(address)).toMatch(/^[NS]$/);
  expect(await loans()).toMatchObject([{ tool: "ladder" }]);
  expect(await journal()).toContain("lent ladder to Ada");
  expect(await startedAt("web")).toBe(before);
  expect(applied(done(await cli.up(legacy, server)))).toEqual([]);
});
