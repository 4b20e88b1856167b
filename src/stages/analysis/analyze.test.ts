import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { analyze } from "./analyze.ts";
import { isGeneratable, isSecret } from "./env-names.ts";
import { analyzeFiles, expressApp, packageJson, unsound } from "./fixture.ts";

vi.setConfig({ testTimeout: 30_000 });
const guestbook = join(import.meta.dirname, "../../../examples/guestbook");
let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "berth-analyze-test-"));
});
afterAll(() => rmSync(root, { recursive: true }));

test("the guestbook: all that a plan needs, nothing to ask", async () => {
  const analysis = await analyze(guestbook, { name: "guestbook" });
  const files = readdirSync(guestbook, { recursive: true, encoding: "utf8" }).filter(
    (path) => /\.(?:js|json|example)$/.test(path) && !path.includes("node_modules"),
  );
  expect(
    unsound(analysis, Object.fromEntries(files.map((path) => [path, readFileSync(join(guestbook, path), "utf8")]))),
  ).toEqual([]);
  expect(analysis.services).toMatchObject([
    {
      ...{
        name: "guestbook",
        path: ".",
        kind: "web",
        language: "javascript",
        framework: "express",
        package_manager: "npm",
      },
      ...{
        runtime: { name: "node", version: "24" },
        install: "npm ci",
        build: null,
        start: "node src/server.js",
        release: "npm run migrate",
      },
      ...{ port: 3000, port_env: "PORT", health_path: "/healthz", depends_on: ["postgres"] },
      writable: [{ path: "uploads", from_env: "UPLOAD_DIR" }],
    },
  ]);
  expect(
    analysis.env
      .filter(({ required }) => required)
      .map(({ name, generatable, refers_to }) => [name, generatable, refers_to]),
  ).toEqual([
    ["DATABASE_URL", false, { datastore: "postgres", part: "url" }],
    ["SESSION_SECRET", true, null],
  ]);
  expect(analysis.questions).toEqual([]);
});

test("a command line tool is no program to start, and what is private and started is one, whatever it brings", async () => {
  const tool = { bin: "./server.js", scripts: { start: "node server.js" } };
  const found = async (manifest: object) =>
    (await analyzeFiles({ "package.json": packageJson(manifest), "server.js": "" })).services.length;
  expect(await found(tool)).toBe(0);
  expect(await found({ ...tool, private: true })).toBe(1);
});

test("the same source gives the same bytes, also in another folder", async () => {
  const copy = join(root, "copy");
  cpSync(guestbook, copy, { recursive: true, filter: (path) => !path.includes("node_modules") });
  const [one, other] = await Promise.all([analyze(guestbook, { name: "x" }), analyze(copy, { name: "x" })]);
  expect(JSON.stringify(other)).toBe(JSON.stringify(one));
});

test("a workspace: its programs are services, its libraries are none", async () => {
  const program = (name: string, dependencies: object) =>
    packageJson({ name, dependencies, scripts: { start: "node index.js" } });
  const { monorepo, services } = await analyzeFiles({
    "package.json": packageJson({ workspaces: ["apps/*", "packages/*"], scripts: { start: "turbo start" } }),
    "package-lock.json": "{}",
    "turbo.json": "{}",
    "apps/api/package.json": program("@shop/api", { fastify: "5", pg: "8" }),
    "apps/api/index.js": "app.listen({ port: 5000 })",
    "apps/mail/package.json": program("@shop/mail", { bullmq: "5" }),
    "apps/mail/index.js": "use(process.env.REDIS_URL)",
    "packages/shared/package.json": packageJson({ name: "@shop/shared", main: "index.js" }),
  });
  expect(monorepo).toEqual({
    tools: ["npm-workspaces", "turborepo"],
    packages: ["apps/api", "apps/mail", "packages/shared"],
  });
  expect(services).toMatchObject([
    { name: "api", path: "apps/api", kind: "api", port: 5000, install: "npm ci", depends_on: ["postgres"], env: [] },
    { name: "mail", path: "apps/mail", kind: "worker", port: null, depends_on: ["redis"], env: ["REDIS_URL"] },
  ]);
});

test.each([
  [{ engines: { node: "22.11.0" } }, {}, "22.11.0", "stated"],
  [{ engines: { node: ">=18 <23" } }, {}, "22", "inferred"],
  [{ engines: { node: "^20 || 22.x" } }, {}, "22", "inferred"],
  [{ engines: { node: "20.x" } }, {}, "20", "stated"],
  [{ engines: { node: ">=18" } }, { ".nvmrc": "# pinned\nv20.9.0\n" }, "20.9.0", "stated"],
  [{}, { ".nvmrc": "lts/jod" }, "22", "stated"],
  [{}, { ".tool-versions": "python 3.12\nnodejs 22.1.0" }, "22.1.0", "stated"],
  [{ volta: { node: "18.20.1" } }, {}, "18.20.1", "stated"],
  [{ engines: { node: "no version" } }, {}, "24", "default"],
  [{}, {}, "24", "default"],
] as const)("%o %o runs on node %s", async (manifest, files, version, confidence) => {
  const { services } = await analyzeFiles({
    "package.json": packageJson({ ...manifest, scripts: { start: "x" } }),
    ...files,
  });
  expect([services[0]?.runtime?.version, services[0]?.confidence["runtime"]]).toEqual([version, confidence]);
});

test.each([
  [{ start: "node src/server.js" }, "node src/server.js", null],
  [{ start: "NODE_ENV=production node a.js" }, "npm run start", null],
  [{ start: "node a.js", prestart: "x" }, "npm run start", null],
  [{ start: "nodemon a.js", "start:prod": "node dist/a.js" }, "node dist/a.js", null],
  [{ start: "node a.js && node b.js" }, "npm run start", null],
  [{ start: "x", migrate: "node m.js", "migrate:make": "y", "migrate:down": "z" }, "npm run start", "npm run migrate"],
  [{ start: "x", "db:migrate": "prisma migrate dev" }, "npm run start", null],
  [{ start: "x", "migration:create": "y" }, "npm run start", null],
])("%o: start and release", async (scripts, start, release) => {
  const { services } = await analyzeFiles({ "package.json": packageJson({ dependencies: { express: "5" }, scripts }) });
  expect([services[0]?.start, services[0]?.release]).toEqual([start, release]);
});

test("Prisma names the database and its variable, and migrates", async () => {
  const files = {
    "package.json": packageJson({ dependencies: { express: "5", prisma: "7" }, scripts: { start: "node a.js" } }),
    "prisma/schema.prisma":
      'generator client {\n  provider = "prisma-client"\n}\ndatasource db {\n  provider = "postgresql"\n  url = env("DB_ADDRESS")\n}',
    "prisma/migrations/1_init/migration.sql": "CREATE TABLE a ();",
  };
  const analysis = await analyzeFiles(files);
  expect(unsound(analysis, files)).toEqual([]);
  expect(analysis.datastores).toMatchObject([
    { name: "postgres", evidence: [{ file: "prisma/schema.prisma", line: 5 }] },
  ]);
  expect(analysis.env).toMatchObject([{ name: "DB_ADDRESS", required: true }]);
  expect(analysis.services[0]?.release).toBe("npx prisma migrate deploy");
});

test("what is uncertain is asked", async () => {
  const several = await analyzeFiles({
    "package.json": packageJson({ dependencies: { express: "5", pg: "8", mysql2: "3" } }),
  });
  expect(several.questions.map(({ about, required, options }) => [about, required, options])).toEqual([
    ["datastores", true, ["mysql", "postgres"]],
    ["services.app.start", true, []],
    ["services.app.port", false, ["3000"]],
  ]);
  expect(several.datastores.every(({ required }) => !required)).toBe(true);
  expect((await analyzeFiles({ "README.md": "hello" })).questions).toMatchObject([
    { about: "services", required: true },
  ]);
});

test.each(["SESSION_SECRET", "JWT_SECRET", "APP_KEY", "SECRET_KEY_BASE", "NEXTAUTH_SECRET", "ENCRYPTION_KEY"])(
  "%s can be made up",
  (name) => expect(isGeneratable(name)).toBe(true),
);
test.each(["STRIPE_SECRET_KEY", "OPENAI_API_KEY", "DATABASE_URL", "SMTP_PASSWORD", "SENTRY_DSN"])(
  "%s is a secret that only its owner knows",
  (name) => expect([isSecret(name), isGeneratable(name)]).toEqual([true, false]),
);
test.each(["PORT", "NEXT_PUBLIC_API_KEY", "AWS_ACCESS_KEY_ID", "PUBLIC_KEY", "TOKEN_TTL"])("%s is no secret", (name) =>
  expect(isSecret(name)).toBe(false),
);

test("hostile sources end with an analysis", async () => {
  const dir = join(root, "hostile");
  mkdirSync(dir);
  const write = (name: string, text: string | Buffer) => writeFileSync(join(dir, name), text);
  mkdirSync(join(dir, "deep"));
  write("deep/package.json", `{"name":"x","deep":${"[".repeat(20_000)}`);
  write("package.json", '{"name":"x\\u001b[31m","dependencies":{"express":"1"},"scripts":{"start":"node index.js"},}');
  write("index.js", `const x = ${"(\n".repeat(20_000)}process.env.A_KEY${")".repeat(20_000)}; app.listen(3001)`);
  write(
    "nested.js",
    `const o = ${"{a:".repeat(5000)}process.env.PORT || 1${"}".repeat(5000)}; app.listen(o${".a".repeat(5000)})`,
  );
  write(
    "chain.js",
    Array.from({ length: 500 }, (_, i) => `const a${i} = a${i + 1} || a${i + 2};`).join("\n") +
      "app.listen(a0, process.env.PORT)",
  );
  write("bad.js", Buffer.from([0xff, 0xfe, 0x70, 0x72, 0x6f, 0x63, 0x65, 0x73, 0x73, 0x2e, 0x65, 0x6e, 0x76, 0xc3]));
  write("huge.js", Buffer.alloc(5_000_000, "process.env.B_KEY;"));
  write("odd\u0007name.js", "process.env.C_KEY");
  symlinkSync("..", join(dir, "circle"));
  symlinkSync("/etc/passwd", join(dir, "passwd.js"));
  const analysis = await analyze(dir, { name: "hostile" });
  expect(analysis.env.map(({ name }) => name)).toEqual(expect.arrayContaining(["A_KEY", "C_KEY"]));
  expect(analysis.env.map(({ name }) => name)).not.toContain("B_KEY");
  expect(JSON.stringify(analysis)).not.toMatch(/passwd|circle/);
});

test("no text makes it throw", async () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.stringMatching(
      /^(?:process\.env\.A|app\.(?:get|listen)\(|[({[\]})]|'\/health'|,|=>|const x = |`\$\{|import .* from ){0,12}$/,
    ),
  );
  await fc.assert(
    fc.asyncProperty(text, text, async (code, config) => {
      const files = {
        ...expressApp({ "index.ts": code, "app.js": config }),
        ".nvmrc": config,
        "prisma/x.prisma": code,
        ".env.example": code,
      };
      expect(unsound(await analyzeFiles(files), files)).toEqual([]);
    }),
    { numRuns: 60 },
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(text, fc.json()), async (json) => void (await analyzeFiles({ "package.json": json }))),
    { numRuns: 100 },
  );
});
