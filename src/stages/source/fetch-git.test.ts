import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type { ResolveOptions } from "./fetch.ts";
import { filesBelow, gitFixture, gitHttpBackend, listening, portOf, token } from "./git-fixture.ts";

// Half a dozen processes of git a test, on a machine that others use too.
vi.setConfig({ testTimeout: 30_000 });

const fixture = gitFixture();
let plain: Server;
let secure: Server;

/** Serves git over HTTP, to whoever has the token. */
const listener: RequestListener = async (request, response) => {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  if (pathname.startsWith("/moved/"))
    return void response.writeHead(301, { location: "http://169.254.169.254/" }).end();
  const [, given = ""] = Buffer.from((request.headers.authorization ?? "").slice(6), "base64")
    .toString()
    .split(":");
  if (!pathname.startsWith("/public") && given !== token)
    return void response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
  const { status, headers, body } = await gitHttpBackend(fixture, request, pathname);
  response.writeHead(status, headers).end(body);
};

beforeAll(async () => {
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
    "-addext", "subjectAltName=DNS:localhost", "-keyout", join(fixture.root, "tls.key"), "-out", join(fixture.root, "tls.pem")], { stdio: "ignore" }); // biome-ignore format: one command
  const file = (name: string) => readFileSync(join(fixture.root, name));
  plain = await listening(createHttpServer(listener));
  secure = await listening(createTlsServer({ key: file("tls.key"), cert: file("tls.pem") }, listener));
});
afterAll(() => {
  for (const server of [plain, secure]) {
    server.close();
    server.closeAllConnections();
  }
  fixture.remove();
});
afterEach(fixture.forget);

const url = (path: string) => `http://localhost:${portOf(plain)}${path}`;

test("the default branch, by token: files, revision, hash; the token is nowhere on disk", async () => {
  const found = await fixture.fetch(url("/app.git"));
  expect(found).toMatchObject({
    kind: "git",
    address: url("/app.git"),
    revision: fixture.commits.main,
    name: "app",
    ref: null,
    subfolder: null,
  });
  expect(found.leftOut).toEqual([{ path: ".env", why: "secret" }]);
  expect(readFileSync(join(found.dir, "wrapper.jar"), "utf8")).toContain("tracked");
  for (const file of filesBelow(fixture.root)) expect(readFileSync(file).includes(token), file).toBe(false);
  expect(filesBelow(found.dir).some((file) => file.includes("/hooks/"))).toBe(false);
  expect(await fixture.fetch(url("/app.git"))).toEqual(found);
});

test("a branch with a slash, a tag, commits old and new, whole and abbreviated", async () => {
  const revision = async (ref: string) => (await fixture.fetch(url(`/public.git#${ref}`))).revision;
  expect(await revision("feature/login")).toBe(fixture.commits.feature);
  expect(await revision("v1")).toBe(fixture.commits.first);
  expect(await revision(fixture.commits.feature)).toBe(fixture.commits.feature);
  expect(await revision(fixture.commits.first)).toBe(fixture.commits.first);
  expect(await revision(fixture.commits.first.slice(0, 10))).toBe(fixture.commits.first);
});

test("the address of a page: branch and folder are told apart by the branches that exist", async () => {
  const found = await fixture.fetch(url("/public/app/tree/feature/login/apps/web")).catch((error) => error);
  expect(found).toMatchObject({ code: "not_a_repository" });
  mkdirSync(join(fixture.served, "public"), { recursive: true });
  symlinkSync(join(fixture.served, "public.git"), join(fixture.served, "public/app.git"));
  const page = await fixture.fetch(url("/public/app/tree/feature/login/apps/web"));
  expect(page).toMatchObject({
    revision: fixture.commits.feature,
    ref: "feature/login",
    subfolder: "apps/web",
    name: "app-web",
  });
  expect(readFileSync(join(page.dir, "index.js"), "utf8")).toBe("2");
});

test("a debug log of everything does not hold the token", async () => {
  const script = `
    const { source, options } = JSON.parse(process.env.GIVEN);
    const { resolve } = await import(${JSON.stringify(new URL("./fetch.ts", import.meta.url))});
    const { parseSource } = await import(${JSON.stringify(new URL("./parse.ts", import.meta.url))});
    console.log((await resolve(parseSource(source), options)).revision);`;
  const given = JSON.stringify({ source: url("/app.git"), options: fixture.options });
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    env: { GIVEN: given, DEBUG: "*" },
    maxBuffer: 50e6,
  });
  expect(stdout.trim()).toBe(fixture.commits.main);
  expect(stderr).toContain("GIT_ASKPASS");
  expect(stderr).not.toContain(token);
});

test("nothing is taken from the person's configuration or environment", async () => {
  const elsewhere = `[url "http://localhost:1/"]\n  insteadOf = ${url("/")}\n`;
  writeFileSync(join(fixture.root, ".gitconfig"), elsewhere);
  vi.stubEnv("HOME", fixture.root);
  vi.stubEnv("GIT_CONFIG_GLOBAL", join(fixture.root, ".gitconfig"));
  vi.stubEnv("GIT_CONFIG_COUNT", "1");
  vi.stubEnv("GIT_CONFIG_KEY_0", "url.http://localhost:1/.insteadOf");
  vi.stubEnv("GIT_CONFIG_VALUE_0", url("/"));
  try {
    expect((await fixture.fetch(url("/public.git"))).revision).toBe(fixture.commits.main);
  } finally {
    vi.unstubAllEnvs();
  }
});

test("an edited checkout is not used again", async () => {
  const found = await fixture.fetch(url("/public.git#v1"));
  writeFileSync(join(found.dir, "package.json"), "edited");
  const again = await fixture.fetch(url("/public.git#v1"));
  expect(again.contentHash).toBe(found.contentHash);
  expect(readFileSync(join(again.dir, "package.json"), "utf8")).toBe('{"name":"app"}');
});

test("the connection goes to the addresses that were looked at, whatever the name answers later", async () => {
  // Nothing but the pin knows this name.
  const pinned = { lookup: async () => ["127.0.0.1"] };
  const http = await fixture.fetch(`http://git.invalid:${portOf(plain)}/public.git`, pinned);
  expect(http.revision).toBe(fixture.commits.main);
  await expect(fixture.fetch(`http://git.invalid:${portOf(plain)}/public.git`)).rejects.toMatchObject({
    code: "host_not_found",
  });
});

test("over HTTPS with a private authority, and only with it", async () => {
  const address = `https://localhost:${portOf(secure)}/app.git`;
  expect((await fixture.fetch(address, { caBundle: join(fixture.root, "tls.pem") })).revision).toBe(
    fixture.commits.main,
  );
  await expect(fixture.fetch(address)).rejects.toMatchObject({ code: "git_certificate_refused" });
});

test.each([
  ["/none.git", "not_a_repository", {}],
  ["/app.git", "auth_failed", { token: "wrong" }],
  ["/app.git", "auth_failed", { token: undefined }],
  ["/moved/app.git", "source_moved", {}],
  ["/app.git", "private_address_refused", { allowPrivateAddresses: false }],
  ["/app.git", "protocol_refused", { allowPlaintext: false }],
  ["/public.git#v1:apps/none", "subfolder_not_found", {}],
  ["/public.git#v1:outside", "subfolder_not_found", {}],
  ["/public.git#v1:package.json", "subfolder_not_found", {}],
  ["/public.git", "too_large", { maxBytes: 1e6 }],
  ["/public.git", "too_large", { maxFiles: 3 }],
  ["/public.git", "program_missing", { git: "no-such-git" }],
] as const)("%s: %s", async (path, code, more) => {
  const error = await fixture.fetch(url(path), more as Partial<ResolveOptions>).catch((reason) => reason);
  expect(error).toMatchObject({
    code,
    object: expect.any(String),
    cause: expect.any(String),
    next: expect.any(String),
  });
  expect(JSON.stringify(error)).not.toContain(token);
});

test("a branch that is not there names the closest ones", async () => {
  const error = await fixture.fetch(url("/public.git#feature/logon")).catch((reason) => reason);
  expect(error).toMatchObject({
    code: "branch_not_found",
    object: "feature/logon",
    next: "Give one that exists, such as #feature/login.",
  });
});
