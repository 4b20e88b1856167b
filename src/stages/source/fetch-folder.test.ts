import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeEach, expect, test } from "vitest";
import { listContext } from "./context.ts";
import { type ResolveOptions, resolve } from "./fetch.ts";
import { pathsOfIndex } from "./git-index.ts";
import { nameFrom } from "./name.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "berth-folder-test-")));
const app = join(root, "My App");
const env = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", HOME: root, GIT_CONFIG_NOSYSTEM: "1" };
const git = (cwd: string, ...args: string[]) =>
  execFileSync("git", args, { cwd, env, stdio: ["ignore", "pipe", "ignore"] });
const write = (files: Record<string, string>, dir = app) => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
};
const options: ResolveOptions = {
  workDir: join(root, "kept"),
  cwd: root,
  git: "git",
  searchPath: "/usr/bin:/bin",
  maxBytes: 1e6,
  maxFiles: 100,
  timeoutMs: 10_000,
};
const folder = (path = "My App", more: Partial<ResolveOptions> = {}) =>
  resolve({ kind: "folder", path }, { ...options, ...more });
const paths = async (dir: string) => (await listContext(dir)).files.map(({ path }) => path);

beforeEach(() => {
  for (const dir of [app, options.workDir]) rmSync(dir, { recursive: true, force: true });
  write({ "package.json": "{}", "src/index.js": "1" });
});
afterAll(() => rmSync(root, { recursive: true }));

test("a folder becomes a copy: editing it further changes nothing", async () => {
  const found = await folder();
  expect(found).toMatchObject({ kind: "folder", address: app, name: "my-app", revision: found.contentHash, ref: null });
  write({ "src/index.js": "2" });
  expect(readFileSync(join(found.dir, "src/index.js"), "utf8")).toBe("1");
  expect((await folder()).contentHash).not.toBe(found.contentHash);
});

test("the hash is of paths, contents, execute bits and links; not of times, owners or the folder's name", async () => {
  const hash = async () => (await folder()).contentHash;
  const first = await hash();
  utimesSync(join(app, "package.json"), 1, 1);
  chmodSync(join(app, "package.json"), 0o600);
  expect(await hash()).toBe(first);
  const seen = new Set([first]);
  for (const change of [
    () => chmodSync(join(app, "src/index.js"), 0o755),
    () => symlinkSync("index.js", join(app, "src/link")),
    () => {
      rmSync(join(app, "src/link"));
      symlinkSync("other.js", join(app, "src/link"));
    },
    () => write({ "src/empty": "" }),
  ]) {
    change();
    seen.add(await hash());
  }
  expect(seen.size).toBe(5);
});

test(".gitignore keeps files out, unless they are tracked; nested ones win; .dockerignore keeps out of the build alone", async () => {
  write({
    ".gitignore": "*.jar\nnode_modules/\n/dist\n*.log\n",
    "a.jar": "",
    "b.jar": "",
    "node_modules/x/index.js": "",
    "dist/x": "",
  });
  write({
    "sub/.gitignore": "!keep.log\n",
    "sub/keep.log": "",
    "sub/drop.log": "",
    "docs/a.md": "",
    ".dockerignore": "docs\n",
  });
  git(app, "init", "-q");
  git(app, "add", "-f", "a.jar");
  const { dir } = await folder();
  expect(await paths(dir)).toEqual([
    ".dockerignore",
    ".gitignore",
    "a.jar",
    "package.json",
    "src/index.js",
    "sub/.gitignore",
    "sub/keep.log",
  ]);
  expect(readFileSync(join(dir, "docs/a.md"), "utf8")).toBe("");
});

test("a folder of a repository obeys the rules above it, also when it is ignored as a whole", async () => {
  write({
    ".gitignore": "node_modules\n/other\n",
    "apps/web/index.js": "",
    "apps/web/node_modules/x.js": "",
    "other/index.js": "",
  });
  git(app, "init", "-q");
  expect(await paths((await folder("My App/apps/web")).dir)).toEqual(["index.js"]);
  expect(await paths((await folder("My App/other")).dir)).toEqual(["index.js"]);
});

test.each(["2", "3", "4"])("git's index of version %s", (version) => {
  write({ "src/index.ts": "", "src/deep/er/x": "", "src/deep/er/xyz": "" });
  git(app, "init", "-q");
  git(app, "add", ".");
  if (version === "3") git(app, "update-index", "--skip-worktree", "src/index.ts");
  else git(app, "update-index", "--index-version", version);
  const index = readFileSync(join(app, ".git/index"));
  expect(index.readUInt32BE(4)).toBe(Number(version));
  expect([...pathsOfIndex(index)]).toEqual([
    "package.json",
    "src/deep/er/x",
    "src/deep/er/xyz",
    "src/index.js",
    "src/index.ts",
  ]);
});

test("any bytes are an index, an empty one", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(2, 3, 4), (bytes, version) => {
      const head = Buffer.from([68, 73, 82, 67, 0, 0, 0, version, 255, 255, 255, 255]);
      for (const path of pathsOfIndex(Buffer.concat([head, bytes]))) expect(typeof path).toBe("string");
    }),
  );
});

test("secrets and special files are left out and named; forms to fill in stay", async () => {
  write({
    ".env": "A=1",
    "apps/.env.production": "A=1",
    ".env.example": "A=",
    "key.pem": "-----BEGIN EC PRIVATE KEY-----\n",
    "ca.pem": "-----BEGIN CERTIFICATE-----",
  });
  write({
    ".npmrc": "//registry.example.org/:_authToken=abc\n",
    "sub/.npmrc": "//registry.example.org/:_authToken=$NPM_TOKEN\nsave-exact=true",
  });
  execFileSync("mkfifo", [join(app, "pipe")]);
  const { leftOut, dir } = await folder();
  expect(leftOut).toEqual([
    { path: ".env", why: "secret" },
    { path: ".npmrc", why: "secret" },
    { path: "apps/.env.production", why: "secret" },
    { path: "key.pem", why: "secret" },
    { path: "pipe", why: "special" },
  ]);
  expect(await paths(dir)).toEqual([".env.example", "ca.pem", "package.json", "src/index.js", "sub/.npmrc"]);
});

test("links are data: in circles, out of the folder, to a folder", async () => {
  symlinkSync(".", join(app, "circle"));
  symlinkSync("/etc", join(app, "outside"));
  const { dir } = await folder();
  expect((await listContext(dir)).files.filter(({ kind }) => kind === "link").map(({ path }) => path)).toEqual([
    "circle",
    "outside",
  ]);
});

test("deep nesting, odd names and patterns that explode end in time", async () => {
  const deep = Array.from({ length: 60 }, () => "d".repeat(20)).join("/");
  write({ [`${deep}/x`]: "", "a\u001b[31mb\n": "", ".gitignore": `${"*a".repeat(40)}\n`, ["a".repeat(200)]: "" });
  writeFileSync(Buffer.from(`${app}/bad-\xff`, "latin1"), "");
  const { leftOut, dir } = await folder();
  expect(leftOut).toEqual([{ path: "bad-\ufffd", why: "unreadable" }]);
  expect(await paths(dir)).toContain(`${deep}/x`);
});

test.each([
  ["None", {}, "source_not_found"],
  ["My App/package.json", {}, "source_not_found"],
  ["My App", { maxFiles: 1 }, "too_large"],
  ["My App", { maxBytes: 2 }, "too_large"],
] as const)("%s %o: %s", async (path, more, code) => {
  await expect(folder(path, more)).rejects.toMatchObject({ code, cause: expect.any(String), next: expect.any(String) });
});

test.each([
  ["https://git.example.org/Team/My_App.v2", "my-app-v2"],
  ["git@host:x", "x"],
  ["123", "app"],
  ["äöü", "app"],
  ["a".repeat(60), "a".repeat(40)],
])("the name from %s is %s", (path, name) => expect(nameFrom(path)).toBe(name));
