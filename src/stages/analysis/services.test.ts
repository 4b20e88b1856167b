import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { analyzeFiles, packageJson, unsound } from "./fixture.ts";
import { renderAnalysis } from "./render.ts";
import type { Analysis } from "./schema.ts";

vi.setConfig({ testTimeout: 30_000 });

const found = async (files: Record<string, string>, name = "shop"): Promise<Analysis> => {
  const analysis = await analyzeFiles(files, name);
  expect(unsound(analysis, files)).toEqual([]);
  return analysis;
};

const example = (name: string): Record<string, string> => {
  const root = join(import.meta.dirname, "../../../examples", name);
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
    (path) => !/node_modules|\.venv/.test(path) && statSync(join(root, path)).isFile(),
  );
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
};

test("polls: a front end that is built, an API, a worker, and what they need", async () => {
  const { services, datastores, env, questions } = await found(example("polls"), "polls");
  expect(services).toMatchObject([
    {
      ...{ name: "polls-web", path: "web", kind: "frontend", framework: "vite", build: "npm run build", start: null },
      ...{ static_dir: "dist", port: null, depends_on: ["polls-api"], runtime: { name: "node" } },
    },
    {
      ...{ name: "polls-api", path: "api", kind: "api", framework: "fastapi", package_manager: "uv", port: 8000 },
      ...{ start: "uvicorn app.main:app --host 0.0.0.0 --port ${PORT:-8000}", release: "alembic upgrade head" },
      ...{ health_path: "/api/healthz", paths: ["/api"], depends_on: ["postgres", "redis"], port_env: "PORT" },
    },
    {
      ...{
        name: "worker",
        path: "worker",
        kind: "worker",
        package_manager: "pip",
        port: null,
        start: "python main.py",
      },
      ...{ install: "pip install -r requirements.txt", depends_on: ["postgres", "redis"] },
    },
  ]);
  expect(datastores.map(({ name, required }) => [name, required])).toEqual([
    ["postgres", true],
    ["redis", true],
  ]);
  expect(env.map(({ name, required, build_time, services: of }) => [name, required, build_time, of.length])).toEqual([
    ["DATABASE_URL", true, false, 2],
    ["POLLS_MAX_OPTIONS", false, false, 1],
    ["REDIS_URL", true, false, 2],
    ["VITE_TITLE", false, true, 1],
  ]);
  expect(questions).toEqual([]);
});

test("site: plain pages; notes: one SQLite file with the variable that moves it", async () => {
  expect((await found(example("site"), "site")).services).toMatchObject([
    {
      name: "site",
      kind: "frontend",
      language: "html",
      static_dir: ".",
      build: null,
      package_manager: null,
      port: null,
    },
  ]);
  const { services, questions } = await found(example("notes"), "notes");
  expect(services).toMatchObject([
    { kind: "web", health_path: "/healthz", writable: [{ path: "data/notes.db", from_env: "NOTES_FILE" }] },
  ]);
  expect(questions).toEqual([]);
});

const vite = (scripts: object = { build: "vite build" }) => packageJson({ devDependencies: { vite: "8" }, scripts });

test.each([
  ["/api", '"http://localhost:4000"', ["/api"]],
  ["/api/", '{ target: "http://localhost:4000", changeOrigin: true }', ["/api"]],
  ["^/v1/.*", '"http://127.0.0.1:4000"', ["/v1"]],
  ["/api", 'process.env.API ?? "http://localhost:4000"', ["/api"]],
  ["/", '"http://localhost:4000"', []],
  ["/api", '"https://api.example.com"', null],
])("Vite hands %s on to %s", async (key, target, paths) => {
  const { services } = await found({
    "web/package.json": vite(),
    "web/index.html": "<p>",
    "web/vite.config.ts": `export default defineConfig(({ mode }) => ({ server: { port: 3000, proxy: { "${key}": ${target} } } }));`,
    "api/package.json": packageJson({ name: "api", dependencies: { express: "5" }, scripts: { start: "node a.js" } }),
    "api/a.js": "app.listen(4000)",
  });
  const [api, web] = [services.find(({ path }) => path === "api"), services.find(({ path }) => path === "web")];
  expect(web?.depends_on).toEqual(paths === null ? [] : ["api"]);
  expect(api).toMatchObject({ paths: paths ?? [], port: 4000, kind: "api" });
});

test("a path that the development server takes away is asked about", async () => {
  const { questions } = await found({
    "package.json": vite(),
    "index.html": "<p>",
    "vite.config.js":
      'export default { server: { proxy: { "/api": { target: "http://localhost:4000", rewrite: (p) => p.replace(/^\\/api/, "") } } } }',
  });
  expect(questions).toMatchObject([{ about: "services.app.paths./api", required: false }]);
});

test.each([
  ["a library that Vite builds", { "vite.config.js": "export default { build: { lib: { entry: 'a.js' } } }" }, []],
  ["another folder", { "vite.config.js": "export default { build: { outDir: './public/' } }" }, ["public"]],
  [
    "a program that hands its pages out itself",
    {
      "package.json": packageJson({
        dependencies: { express: "5" },
        devDependencies: { vite: "8" },
        scripts: { build: "vite build", start: "node s.js" },
      }),
    },
    [null],
  ],
])("%s", async (_, files, folders) => {
  const { services } = await found({ "package.json": vite(), "index.html": "<p>", ...files });
  expect(services.map(({ static_dir }) => static_dir)).toEqual(folders);
});

test("programs of one name are called after their folders, those that a name is left for are not", async () => {
  const app = { "index.js": "app.listen(3000)" };
  const program = packageJson({ name: "app", dependencies: { express: "5" }, scripts: { start: "node index.js" } });
  const inside = (folder: string) => ({ [`${folder}/package.json`]: program, [`${folder}/index.js`]: app["index.js"] });
  expect(
    (await found({ ...inside("shop"), ...inside("admin"), ...inside("redis") })).services.map(({ name }) => name),
  ).toEqual(["admin", "redis", "shop"]);
});

test("variables and addresses that name a program beside this one are edges", async () => {
  const program = packageJson({ name: "", dependencies: { express: "5" }, scripts: { start: "node index.js" } });
  const { services } = await found({
    "cart/package.json": program,
    "cart/index.js": "app.listen(7000)",
    "mail/package.json": program,
    "mail/index.js": "// http://cart:7000\napp.listen(7001)",
    "front/package.json": program,
    "front/index.js": 'use(process.env.CART_SERVICE_ADDR); fetch("http://mail:7001/send"); app.listen(7002)',
  });
  expect(services.map(({ name, depends_on }) => [name, depends_on])).toEqual([
    ["cart", []],
    ["front", ["cart", "mail"]],
    ["mail", []],
  ]);
});

test.each([
  ["use(process.env.REDIS_URL ?? 'redis://localhost:6379')", true],
  ["if (process.env.REDIS_URL) use(process.env.REDIS_URL)", false],
  ["use(process.env.REDIS_URL)", true],
])("%s: whether Redis is required is %s", async (code, required) => {
  const { datastores } = await found({
    "package.json": packageJson({ dependencies: { express: "5", ioredis: "5" }, scripts: { start: "node a.js" } }),
    "a.js": code,
  });
  expect(datastores).toMatchObject([{ name: "redis", required }]);
});

test("pages that a program has are no site of their own, and a folder beside programs is", async () => {
  const python = { "api/requirements.txt": "flask\n", "api/app.py": "from flask import Flask\napp = Flask('x')\n" };
  const { services } = await found({
    ...python,
    "api/static/index.html": "<p>",
    "web/index.html": "<p>",
    "web/a/index.html": "<p>",
  });
  expect(services.map(({ name, kind, path, static_dir }) => [name, kind, path, static_dir])).toEqual([
    ["api", "api", "api", null],
    ["web", "frontend", "web", "."],
  ]);
});

test("a person reads services as a table", async () => {
  const text = renderAnalysis(await found(example("polls"), "polls"));
  expect(text.split("\n").slice(2, 6)).toMatchInlineSnapshot(`
    [
      "service    kind      path    framework  port  start",
      "polls-web  frontend  web     vite       -     files in dist",
      "polls-api  api       api     fastapi    8000  uvicorn app.main:app --host 0.0.0.0 --port \${PORT:-8000}",
      "worker     worker    worker  -          -     python main.py",
    ]
  `);
});
