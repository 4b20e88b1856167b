import { readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { docker } from "../../lab/engine.ts";
import { scan } from "../../lab/scan.ts";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { applied, ask, type Cli, copyOfGuestbook, done, openCli, testLab } from "../e2e/berth.ts";
import { type OtherBuilder, otherBuilder } from "../e2e/other-builder.ts";
import { freshServer, passwordLogin } from "../e2e/servers.ts";

// The whole way on the older system, as a user with sudo, with a builder that cannot build for it. One story.
const lab = testLab();
let server: Server;
let builder: OtherBuilder;
let cli: Cli;
let source: string;
let image: string;
let hash: string;

beforeAll(async () => {
  server = await freshServer(lab, "older", { os: "debian-12", user: "sudo" });
  builder = await otherBuilder(lab.engine, "aarch64");
  cli = await openCli(lab);
  source = await copyOfGuestbook();
  // An image of its own: one that another test has built would be there already.
  const page = join(source, "src/page.js");
  await writeFile(page, (await readFile(page, "utf8")).replace("Leave a word", "Leave a word on Debian 12"));
});
afterAll(async () => {
  await cli?.close();
  await builder?.close();
  if (server) await removeServer(lab, server.name);
  if (source) await rm(dirname(source), { recursive: true });
});

const env = () => ({ DOCKER_HOST: builder.address });

test("the plan says where it is built, and why", async () => {
  expect(await passwordLogin(server, "mallory")).toBe("yes");
  const { stdout, code } = await cli.plan(source, server, { env: env() });
  expect(code).toBe(0);
  const { plan } = JSON.parse(stdout);
  expect(plan).toMatchObject({
    server: { user: "deploy", os: { id: "debian", version: "12" }, architecture: "amd64" },
    build: { on: "server", why: "the Engine on this machine is arm64, the server is amd64", platform: "linux/amd64" },
  });
  image = plan.services[0].image;
});

test("from a folder to a verified HTTPS answer, over IPv4 and IPv6", async () => {
  const ended = done(await cli.up(source, server, { env: env() }));
  hash = ended.hash;
  for (const address of [server.address, server.address6]) {
    const page = await ask(lab, server, { address });
    expect(page.status).toBe(200);
    expect(page.body).toContain("Leave a word on Debian 12");
  }
});

test("it was built on the server, and the other machine was only looked at", async () => {
  expect(
    await inServer(lab, server.name, "docker", "image", "inspect", "--format", "{{.Os}}/{{.Architecture}}", image),
  ).toBe("linux/amd64");
  const [repository = ""] = image.split(":");
  const here = await docker(lab, ["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", repository]);
  expect(here.split("\n")).not.toContain(image);
  expect(builder.asked).toContain("GET /info");
  expect(builder.asked.filter((line) => !line.startsWith("GET "))).toEqual([]);
});

test("nothing but SSH, 80 and 443 answers, over IPv4 and IPv6, and no password opens the door", async () => {
  expect(await scan(lab, server.name)).toEqual({ v4: [22, 80, 443], v6: [22, 80, 443] });
  for (const user of ["mallory", "root"]) expect(await passwordLogin(server, user)).toBe("no");
});

test("again unchanged: the same plan, nothing applied", async () => {
  const again = done(await cli.up(source, server, { env: env() }));
  expect(again.hash).toBe(hash);

  expect(applied(again)).toEqual([]);
  expect(again.events.at(-1)).toMatchObject({ state: "unchanged", applied: 0 });
});
