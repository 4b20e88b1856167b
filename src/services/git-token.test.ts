import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { analysesOf } from "./analyses.ts";
import { readSource } from "./analyze.ts";
import { openedBerth } from "./fixture.ts";

// git is started, on a machine that others use too.
vi.setConfig({ testTimeout: 60_000 });

// A git server that wants credentials, and notes those that it is given.
const folder = mkdtempSync(join(tmpdir(), "berth-token-"));
const cert = join(folder, "cert.pem");
const token = "ghp_c4nary_t0ken_of_the_person";
let given: string[] = [];
let host = "";
let server: ReturnType<typeof createServer>;
beforeAll(async () => {
  const wanted = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost";
  const names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", join(folder, "key.pem"), "-out", cert];
  execFileSync("openssl", [...wanted.split(" "), ...names], { stdio: "ignore" });
  const pem = { cert: readFileSync(cert), key: readFileSync(join(folder, "key.pem")) };
  server = createServer(pem, ({ headers: { authorization = "" } }, response) => {
    given.push(Buffer.from(authorization.replace("Basic ", ""), "base64").toString());
    response.writeHead(401, { "WWW-Authenticate": 'Basic realm="git"' }).end();
  });
  await once(server.listen(0, "localhost"), "listening");
  host = `localhost:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

let berth: ReturnType<typeof openedBerth>;
beforeEach(() => {
  berth = openedBerth();
  given = [];
});
afterEach(() => berth.remove());

const gotToken = () => given.some((credentials) => credentials.includes(token));
const byModel = (tokenHost?: string) => {
  const analyses = analysesOf(berth, { cwd: folder, git: { token, tokenHost, caBundle: cert }, scrub: (text) => text });
  return analyses.analyze(`https://${host}/owner/app.git`, new AbortController().signal);
};
const byPerson = (tokenHost?: string) =>
  readSource(berth, `https://${host}/owner/app.git`, folder, { token, tokenHost, caBundle: cert });
const refused = { code: "auth_failed" };

test("a server that a model names gets the token only where it is said to be for it", async () => {
  await expect(byModel()).rejects.toMatchObject({ ...refused, message: expect.stringContaining("none were given") });
  for (const other of ["git.example.com", "localhost", `localhost.example.com:${host.split(":")[1]}`])
    await expect(byModel(other)).rejects.toMatchObject(refused);
  expect(given.length).toBeGreaterThan(0);
  expect(gotToken()).toBe(false);
  await expect(byModel(host)).rejects.toMatchObject(refused);
  expect(gotToken()).toBe(true);
});

test("a server that a person types gets it, unless it is said to be for another", async () => {
  await expect(byPerson("git.example.com")).rejects.toMatchObject(refused);
  expect(gotToken()).toBe(false);
  await expect(byPerson()).rejects.toMatchObject(refused);
  expect(gotToken()).toBe(true);
});
