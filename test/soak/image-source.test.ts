import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { authorityFile } from "../../lab/authority.ts";
import { inServer, removeServer, type Server } from "../../lab/server.ts";
import { applied, ask, type Cli, done, failureIn, openCli, testLab } from "../e2e/berth.ts";
import { freshServer } from "../e2e/servers.ts";
import { type Guarded, guardedRegistry, password } from "./registry/guarded.ts";

// An image of a private registry as a source: somebody else has built it, and Berth runs it. One story.
const lab = testLab();
const stack = "wares";
let registry: Guarded;
let server: Server;
let cli: Cli;
let env: NodeJS.ProcessEnv;
let source = "";

const there = (script: string) => inServer(lab, server.name, "sh", "-c", script);
const containers = () => there("docker ps --quiet --no-trunc 2>/dev/null || true");

beforeAll(async () => {
  registry = await guardedRegistry(lab);
  env = await registry.loggedIn(password);
  source = `image:${registry.host}/team/wares:1`;
  server = await freshServer(lab, stack);
  const authority = Buffer.from(await readFile(authorityFile(lab))).toString("base64");
  const folder = `/etc/docker/certs.d/${registry.host}`;
  await there(`mkdir -p ${folder} && echo ${authority} | base64 -d > ${folder}/ca.crt`);
  cli = await openCli(lab);
});
afterAll(async () => {
  await cli?.close();
  await removeServer(lab, stack);
  await registry?.close();
});

test("no login, a wrong one, no such tag, another processor and what is no registry are told apart, and nothing is changed", async () => {
  await registry.push("team/wares:1", "first");
  await registry.push("team/wares:arm", "other", "arm64");
  const before = await containers();
  const failure = async (name: string, by: NodeJS.ProcessEnv) => failureIn(await cli.up(name, server, { env: by }));
  const nobody = await registry.loggedIn();
  const wrong = await registry.loggedIn(`not-${password}`);
  expect(await failure(source, nobody)).toMatchObject({
    code: "registry_login_required",
    next: expect.stringContaining(`docker login ${registry.host}`),
  });
  expect(await failure(source, wrong)).toMatchObject({ code: "registry_login_refused" });
  expect(await failure(`image:${registry.host}/team/wares:none`, env)).toMatchObject({ code: "image_unknown" });
  expect(await failure(`image:${registry.host}/team/wares:arm`, env)).toMatchObject({
    code: "image_architecture",
    cause: expect.stringContaining("linux/arm64"),
  });
  expect(await failure(`image:${lab.gateway}:1/team/wares`, env)).toMatchObject({ code: "registry_unreachable" });
  expect(await containers()).toBe(before);
});

test("it is planned by its digest, pulled by the server with the login of this computer, and serves over HTTPS", async () => {
  const { plan } = JSON.parse(done(await cli.plan(source, server, { env })).stdout) as {
    plan: { images: unknown[]; source: Record<string, string>; services: { image: string; user: string }[] };
  };
  expect(plan.images).toEqual([]);
  expect(plan.source).toMatchObject({ kind: "image", name: `${registry.host}/team/wares` });
  expect(plan.services).toMatchObject([
    { image: `${registry.host}/team/wares:1@${plan.source["revision"]}`, user: "1000", port: 8080 },
  ]);
  const up = done(await cli.up(source, server, { env }));
  expect(await ask(lab, server)).toMatchObject({ status: 200, body: "first" });
  expect(up.stdout + up.stderr).not.toContain(password);
});

test("the login is nowhere: not in the state folder, not on the server", async () => {
  const forms = [password, Buffer.from(`ann:${password}`).toString("base64")];
  for (const form of forms) {
    const files = `grep -rlF -- '${form}' /etc /root /var/lib/berth /var/lib/docker/containers /run/berth 2>/dev/null || true`;
    expect(await there(files)).toBe("");
    expect(await filesWith(cli.home, form)).toEqual([]);
  }
});

test("the same tag again is nothing to do; once it has moved, a new version is", async () => {
  const standing = await containers();
  expect(applied(done(await cli.up(source, server, { env })))).toEqual([]);
  expect(await containers()).toBe(standing);
  const digest = await registry.push("team/wares:1", "second");
  const { plan } = JSON.parse(done(await cli.plan(source, server, { env })).stdout) as {
    plan: { source: Record<string, string> };
  };
  expect(plan.source["revision"]).toBe(digest);
  done(await cli.up(source, server, { env }));
  expect(await ask(lab, server)).toMatchObject({ status: 200, body: "second" });
});

async function filesWith(folder: string, text: string): Promise<string[]> {
  return new Promise((resolve) => {
    execFile("grep", ["-rlaF", "--", text, folder], (_error, stdout) => resolve(stdout.split("\n").filter(Boolean)));
  });
}
