import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type ResolveOptions, resolve } from "./fetch.ts";
import { type FolderSource, type GitSource, parseSource } from "./parse.ts";

export const token = "c4nary-t0ken";

export type GitFixture = ReturnType<typeof gitFixture>;

/** A folder of its own with two bare copies of one repository, app.git and public.git, in `served`. For tests. */
export function gitFixture() {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "berth-source-test-")));
  const served = join(root, "served");
  const kept = join(root, "kept");
  const env = { PATH: searchPath, HOME: root, GIT_CONFIG_NOSYSTEM: "1" };
  const commits = makeRepositories(root, served, env);
  const options: ResolveOptions = {
    workDir: kept,
    cwd: root,
    git: "git",
    searchPath,
    token,
    allowPrivateAddresses: true,
    allowPlaintext: true,
    maxBytes: 50e6,
    maxFiles: 1000,
    timeoutMs: 30_000,
  };
  return {
    ...{ root, served, kept, env, commits, options },
    fetch: (text: string, more: Partial<ResolveOptions> = {}) =>
      resolve(parseSource(text) as FolderSource | GitSource, { ...options, ...more }),
    forget: () => rmSync(kept, { recursive: true, force: true }),
    remove: () => rmSync(root, { recursive: true }),
  };
}

const searchPath = "/usr/local/bin:/usr/bin:/bin";

function makeRepositories(root: string, served: string, env: Record<string, string>) {
  const git = (cwd: string, ...args: string[]) =>
    execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@example.org", ...args], {
      cwd,
      env,
      encoding: "utf8",
    }).trim();
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
  // Large on the way and on disk, and larger still than what git packs it into.
  writeFileSync(join(work, "big.bin"), randomBytes(3_000_000));
  git(work, "add", ".");
  git(work, "commit", "-q", "-m", "third");
  for (const name of ["app.git", "public.git"]) git(root, "clone", "-q", "--bare", work, join(served, name));
  return { first, feature, main: git(work, "rev-parse", "HEAD") };
}

/** What git's own server answers to a request over HTTP. `path` is a repository's, and what is asked of it. */
export async function gitHttpBackend({ served, env }: GitFixture, request: IncomingMessage, path: string) {
  const backend = spawn("git", ["http-backend"], {
    env: {
      ...env,
      GIT_PROJECT_ROOT: served,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: path,
      QUERY_STRING: new URL(request.url ?? "/", "http://localhost").search.slice(1),
      REQUEST_METHOD: request.method ?? "GET",
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
    },
  });
  request.pipe(backend.stdin).on("error", () => undefined);
  const all = await buffer(backend.stdout);
  const end = all.indexOf("\r\n\r\n");
  const headers = Object.fromEntries(
    all
      .toString("latin1", 0, end)
      .split("\r\n")
      .map((line) => line.split(": ") as [string, string]),
  );
  return { status: Number.parseInt(headers["Status"] ?? "200", 10), headers, body: all.subarray(end + 4) };
}

export async function listening<T extends { listen(port: number, host: string, done: () => void): unknown }>(
  server: T,
) {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return server;
}

export const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;

export const filesBelow = (dir: string) =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** The command lines of the processes that work in a folder or below it. Only on Linux. */
export const processesIn = (dir: string) =>
  readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        if (!`${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${dir}/`)) return [];
        return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
