import { execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type ResolveOptions, resolve } from "./fetch.ts";
import { parseSource } from "./parse.ts";

// Half a dozen processes of git a test, on a machine that others use too.
vi.setConfig({ testTimeout: 30_000 });

const token = "c4nary-t0ken";
const root = realpathSync(mkdtempSync(join(tmpdir(), "berth-source-test-")));
const served = join(root, "served");
const searchPath = "/usr/local/bin:/usr/bin:/bin";
const gitEnv = { PATH: searchPath, HOME: root, GIT_CONFIG_NOSYSTEM: "1" };
const git = (cwd: string, ...args: string[]) =>
  execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@example.org", ...args], {
    cwd,
    env: gitEnv,
    encoding: "utf8",
  }).trim();

/** Serves `served` as git does over HTTP, to whoever has the token. */
const listener: RequestListener = (request, response) => {
  const url = new URL(request.url ?? "/", "http://localhost");
  if (url.pathname.startsWith("/hangs/")) return;
  if (url.pathname.startsWith("/moved/"))
    return void response.writeHead(301, { location: "http://169.254.169.254/" }).end();
  const [, given = ""] = Buffer.from((request.headers.authorization ?? "").slice(6), "base64")
    .toString()
    .split(":");
  if (!url.pathname.startsWith("/public") && given !== token) {
    return void response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
  }
  const backend = spawn("git", ["http-backend"], {
    env: {
      ...gitEnv,
      GIT_PROJECT_ROOT: served,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? "GET",
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
    },
  });
  request.pipe(backend.stdin).on("error", () => undefined);
  const chunks: Buffer[] = [];
  backend.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  backend.on("close", () => {
    const all = Buffer.concat(chunks);
    const end = all.indexOf("\r\n\r\n");
    const headers = all
      .toString("latin1", 0, end)
      .split("\r\n")
      .map((line) => line.split(": ") as [string, string]);
    response.writeHead(
      Number.parseInt(headers.find(([name]) => name === "Status")?.[1] ?? "200", 10),
      Object.fromEntries(headers),
    );
    response.end(all.subarray(end + 4));
  });
};

let plain: Server;
let secure: Server;
let ssh: InstanceType<typeof ssh2.Server>;
let hostKey: string;
let commits: { first: string; feature: string; main: string };
const port = (server: { address(): unknown }) => (server.address() as AddressInfo).port;
const listening = async <T extends { listen(port: number, host: string, done: () => void): unknown }>(server: T) => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return server;
};

beforeAll(async () => {
  const work = join(root, "work");
  mkdirSync(join(work, "apps/web"), { recursive: true });
  git(work, "init", "-q", "-b", "main");
  writeFileSync(join(work, "package.json"), '{"name":"app"}');
  writeFileSync(join(work, ".gitignore"), "*.jar\n");
  writeFileSync(join(work, "wrapper.jar"), "tracked although ignored");
  writeFileSync(join(work, ".env"), "PASSWORD=x");
  writeFileSync(join(work, "apps/web/index.js"), "1");
  symlinkSync("/etc/passwd", join(work, "outside"));
  git(work, "add", "-f", ".");
  git(work, "commit", "-q", "-m", "first");
  git(work, "tag", "-a", "v1", "-m", "v1");
  const first = git(work, "rev-parse", "HEAD");
  git(work, "checkout", "-q", "-b", "feature/login");
  writeFileSync(join(work, "apps/web/index.js"), "2");
  git(work, "commit", "-q", "-a", "-m", "second");
  const feature = git(work, "rev-parse", "HEAD");
  git(work, "checkout", "-q", "main");
  writeFileSync(join(work, "big.bin"), Buffer.alloc(3_000_000));
  git(work, "add", ".");
  git(work, "commit", "-q", "-m", "third");
  commits = { first, feature, main: git(work, "rev-parse", "HEAD") };
  for (const name of ["app.git", "public.git"]) git(root, "clone", "-q", "--bare", work, join(served, name));
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
    "-addext", "subjectAltName=DNS:localhost", "-keyout", join(root, "tls.key"), "-out", join(root, "tls.pem")], { stdio: "ignore" }); // biome-ignore format: one command
  plain = await listening(createHttpServer(listener));
  secure = await listening(
    createTlsServer({ key: readFileSync(join(root, "tls.key")), cert: readFileSync(join(root, "tls.pem")) }, listener),
  );
  ssh = await listening(sshServer());
});
afterAll(() => {
  for (const server of [plain, secure]) {
    server.close();
    server.closeAllConnections();
  }
  ssh.close();
  rmSync(root, { recursive: true });
});
afterEach(() => rmSync(join(root, "kept"), { recursive: true, force: true }));

/** Answers `git-upload-pack` to the one key that it knows. */
function sshServer() {
  const pem = { type: "pkcs1", format: "pem" } as const;
  const serverKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export(pem);
  const clientKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export(pem);
  writeFileSync(join(root, "id"), clientKey, { mode: 0o600 });
  writeFileSync(join(root, "other-id"), serverKey, { mode: 0o600 });
  const parse = (key: string | Buffer) => {
    const parsed = ssh2.utils.parseKey(key);
    if (parsed instanceof Error) throw parsed;
    return parsed;
  };
  const known = parse(clientKey);
  const server = new ssh2.Server({ hostKeys: [serverKey] }, (client) => {
    client.on("authentication", (context) => {
      const right = context.method === "publickey" && context.key.data.equals(known.getPublicSSH());
      if (!right || context.method !== "publickey") return context.reject(["publickey"]);
      if (
        context.signature &&
        known.verify(context.blob ?? Buffer.alloc(0), context.signature, context.hashAlgo) !== true
      )
        return context.reject();
      context.accept();
    });
    client.on("error", () => undefined);
    client.on("session", (accept) => {
      const session = accept();
      session.on("env", (acceptEnv) => acceptEnv?.());
      session.on("exec", (acceptExec, _reject, { command }) => {
        const channel = acceptExec();
        const path = /^git-upload-pack '\/?([\w./-]+)'$/.exec(command)?.[1] ?? "";
        const child = spawn("git", ["upload-pack", join(served, path)], { env: gitEnv });
        channel.pipe(child.stdin).on("error", () => undefined);
        child.stdout.pipe(channel, { end: false });
        child.stderr.pipe(channel.stderr, { end: false });
        child.on("close", (code) => {
          channel.exit(code ?? 1);
          channel.end();
        });
      });
    });
  });
  const publicKey = parse(serverKey).getPublicSSH().toString("base64");
  hostKey = `ssh-rsa ${publicKey}`;
  return server;
}

const options = (): ResolveOptions => ({
  workDir: join(root, "kept"),
  cwd: root,
  git: "git",
  searchPath,
  token,
  allowPrivateAddresses: true,
  allowPlaintext: true,
  maxBytes: 50e6,
  maxFiles: 1000,
  timeoutMs: 30_000,
});
const fetchSource = (text: string, more: Partial<ResolveOptions> = {}) =>
  resolve(parseSource(text), { ...options(), ...more });
const url = (path: string) => `http://localhost:${port(plain)}${path}`;
const sshUrl = (path: string) => `ssh://git@localhost:${port(ssh)}${path}`;
const sshAccess = (host = "localhost") => {
  writeFileSync(join(root, "known_hosts"), `[${host}]:${port(ssh)} ${hostKey}\n`);
  return { sshKey: "id", knownHosts: join(root, "known_hosts") };
};
const files = (dir: string) =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

test("the default branch, by token: files, revision, hash; the token is nowhere on disk", async () => {
  const found = await fetchSource(url("/app.git"));
  expect(found).toMatchObject({
    kind: "git",
    address: url("/app.git"),
    revision: commits.main,
    name: "app",
    ref: null,
    subfolder: null,
  });
  expect(found.leftOut).toEqual([{ path: ".env", why: "secret" }]);
  expect(readFileSync(join(found.dir, "wrapper.jar"), "utf8")).toContain("tracked");
  for (const file of files(root)) expect(readFileSync(file).includes(token), file).toBe(false);
  expect(files(found.dir).some((file) => file.includes("/hooks/"))).toBe(false);
  expect(await fetchSource(url("/app.git"))).toEqual(found);
});

test("a branch with a slash, a tag, commits old and new, whole and abbreviated", async () => {
  const revision = async (ref: string) => (await fetchSource(url(`/public.git#${ref}`))).revision;
  expect(await revision("feature/login")).toBe(commits.feature);
  expect(await revision("v1")).toBe(commits.first);
  expect(await revision(commits.feature)).toBe(commits.feature);
  expect(await revision(commits.first)).toBe(commits.first);
  expect(await revision(commits.first.slice(0, 10))).toBe(commits.first);
});

test("the address of a page: branch and folder are told apart by the branches that exist", async () => {
  const found = await fetchSource(
    url("/public/app/tree/feature/login/apps/web").replace("/public/app", "/public/app"),
    {},
  ).catch((error) => error);
  expect(found).toMatchObject({ code: "not_a_repository" });
  mkdirSync(join(served, "public"), { recursive: true });
  symlinkSync(join(served, "public.git"), join(served, "public/app.git"));
  const page = await fetchSource(url("/public/app/tree/feature/login/apps/web"));
  expect(page).toMatchObject({ revision: commits.feature, ref: "feature/login", subfolder: "apps/web", name: "web" });
  expect(readFileSync(join(page.dir, "index.js"), "utf8")).toBe("2");
});

test("an edited checkout is not used again", async () => {
  const found = await fetchSource(url("/public.git#v1"));
  writeFileSync(join(found.dir, "package.json"), "edited");
  const again = await fetchSource(url("/public.git#v1"));
  expect(again.contentHash).toBe(found.contentHash);
  expect(readFileSync(join(again.dir, "package.json"), "utf8")).toBe('{"name":"app"}');
});

test("the connection goes to the addresses that were looked at, whatever the name answers later", async () => {
  // Nothing but the pin knows this name.
  const pinned = { lookup: async () => ["127.0.0.1"] };
  const http = await fetchSource(`http://git.invalid:${port(plain)}/public.git`, pinned);
  expect(http.revision).toBe(commits.main);
  const overSsh = await fetchSource(`ssh://git@git.invalid:${port(ssh)}/app.git`, {
    ...pinned,
    ...sshAccess("git.invalid"),
  });
  expect(overSsh.revision).toBe(commits.main);
  await expect(fetchSource(`http://git.invalid:${port(plain)}/public.git`)).rejects.toMatchObject({
    code: "host_not_found",
  });
});

test("over HTTPS with a private authority, and only with it", async () => {
  const address = `https://localhost:${port(secure)}/app.git`;
  expect((await fetchSource(address, { caBundle: join(root, "tls.pem") })).revision).toBe(commits.main);
  await expect(fetchSource(address)).rejects.toMatchObject({ code: "git_certificate_refused" });
});

test("over SSH with a key, and only with a known host and the right key", async () => {
  const found = await fetchSource(sshUrl("/app.git#feature/login:apps/web"), sshAccess());
  expect(found).toMatchObject({ revision: commits.feature, subfolder: "apps/web", name: "web" });
  await expect(fetchSource(sshUrl("/app.git"), { ...sshAccess(), knownHosts: "/dev/null" })).rejects.toMatchObject({
    code: "git_host_key_refused",
  });
  await expect(
    fetchSource(sshUrl("/app.git"), { ...sshAccess(), sshKey: join(root, "other-id") }),
  ).rejects.toMatchObject({ code: "auth_failed" });
  await expect(fetchSource(sshUrl("/none.git"), sshAccess())).rejects.toMatchObject({ code: "not_a_repository" });
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
  ["/hangs/app.git", "timeout", { timeoutMs: 300 }],
] as const)("%s: %s", async (path, code, more) => {
  const error = await fetchSource(url(path), more as Partial<ResolveOptions>).catch((reason) => reason);
  expect(error).toMatchObject({
    code,
    object: expect.any(String),
    cause: expect.any(String),
    next: expect.any(String),
  });
  expect(JSON.stringify(error)).not.toContain(token);
});

test("a branch that is not there names the closest ones", async () => {
  const error = await fetchSource(url("/public.git#feature/logon")).catch((reason) => reason);
  expect(error).toMatchObject({
    code: "branch_not_found",
    object: "feature/logon",
    next: "Give one that exists, such as #feature/login.",
  });
});

test("what was left half-way is removed, and no git goes on", async () => {
  await fetchSource(url("/hangs/app.git"), { timeoutMs: 300 }).catch(() => undefined);
  await fetchSource(url("/public.git"), { maxBytes: 1e6 }).catch(() => undefined);
  expect(readdirSync(join(root, "kept"))).toEqual([]);
  const commands = readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8");
      } catch {
        return "";
      }
    });
  expect(commands.filter((command) => command.includes(`localhost:${port(plain)}`))).toEqual([]);
});
