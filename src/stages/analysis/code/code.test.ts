import { expect, test } from "vitest";
import { analyzeFiles, expressApp, unsound } from "../fixture.ts";
import type { Env } from "../schema.ts";

const analyzeApp = async (files: Record<string, string>) => {
  const all = expressApp(files);
  const analysis = await analyzeFiles(all);
  expect(unsound(analysis, all)).toEqual([]);
  const [service] = analysis.services;
  if (!service) throw new Error("no service");
  return { analysis, service };
};
const env = async (files: Record<string, string>): Promise<Record<string, Env>> =>
  Object.fromEntries((await analyzeApp(files)).analysis.env.map((one) => [one.name, one]));
const required = async (code: string, file = "index.ts") =>
  Object.fromEntries(Object.entries(await env({ [file]: code })).map(([name, one]) => [name, one.required]));

test.each([
  ["const x = process.env.A_KEY", { A_KEY: true }],
  ['use(process.env["A_KEY"])', { A_KEY: true }],
  ["use(process.env.A_KEY!)", { A_KEY: true }],
  ["use(process.env.A_KEY as string)", { A_KEY: true }],
  ["use(process.env.A_KEY || 'x')", { A_KEY: false }],
  ["use(Number(process.env.A_KEY ?? 3))", { A_KEY: false }],
  ["use(process.env.A_KEY ?? process.env.B_KEY)", { A_KEY: false, B_KEY: true }],
  ["use(process.env.A_KEY ?? fail('no key'))", { A_KEY: true }],
  ["if (process.env.A_KEY) use()", { A_KEY: false }],
  ["if (!process.env.A_KEY) throw new Error()", { A_KEY: true }],
  ["if (!process.env.A_KEY) { console.error('no'); process.exit(1) }", { A_KEY: true }],
  ["if (!process.env.A_KEY) { start(() => { throw new Error() }) }", { A_KEY: false }],
  ["const a = process.env.A_KEY; if (!a) throw new Error()", { A_KEY: true }],
  ["const a = process.env.A_KEY; use(a || 'x')", { A_KEY: false }],
  ["if (process.env.A_KEY === 'on') use()", { A_KEY: false }],
  ["if (config.s3) use(process.env.A_KEY)", { A_KEY: false }],
  [
    "const { A_KEY, B_KEY = 'x', C_KEY: c } = process.env; use(A_KEY, B_KEY, c)",
    { A_KEY: true, B_KEY: false, C_KEY: true },
  ],
  ["import { env } from 'node:process'; use(env.A_KEY)", { A_KEY: true }],
  ["const env = process.env; use(env.A_KEY)", { A_KEY: true }],
  ["function read(env = process.env) { return env.A_KEY }", { A_KEY: true }],
  [
    "function need(name: string) { const v = process.env[name]; if (!v) throw new Error(name); return v }\nneed('A_KEY')",
    { A_KEY: true },
  ],
  [
    "const get = (name, other) => process.env[name] ?? other\nget('A_KEY', 'x'); get('B_KEY')",
    { A_KEY: false, B_KEY: true },
  ],
  [
    "const s = z.object({ A_KEY: z.string(), B_KEY: z.string().optional(), C_KEY: z.string().default('x') }); s.parse(process.env)",
    { A_KEY: true, B_KEY: false, C_KEY: false },
  ],
  ["const e = cleanEnv(process.env, { A_KEY: str(), B_KEY: port({ default: 1 }) })", { A_KEY: true, B_KEY: false }],
  ["console.log(process.env.A_KEY)", {}],
  ["process.env.A_KEY = 'x'", {}],
  ["use(process.env.NODE_ENV, process.env.npm_package_version)", {}],
])("%s needs %o", async (code, wanted) => expect(await required(code)).toEqual(wanted));

test("what the code insists on is stated, what it only uses is inferred", async () => {
  const found = await env({ "index.ts": "use(process.env.A_KEY!); use(process.env.B_KEY)" });
  expect([found["A_KEY"]?.confidence, found["B_KEY"]?.confidence]).toEqual(["stated", "inferred"]);
});

test("a wrapper of another file, and variables that only a file for people names", async () => {
  const found = await env({
    "src/index.js": 'import { need as get } from "./env.js";\nget("JWT_SECRET");',
    "src/env.js": "export function need(name) { const v = process.env[name]; if (!v) throw new Error(); return v; }",
    ".env.example": "# MAIL_FROM=\nexport DATABASE_URL=postgres://user:hunter2@db/x\nnot a line\n",
  });
  expect(found).toMatchObject({
    JWT_SECRET: { required: true, secret: true, generatable: true },
    MAIL_FROM: { required: false, secret: false, confidence: "inferred" },
    DATABASE_URL: { required: false, secret: true },
  });
  expect(JSON.stringify(found)).not.toContain("hunter2");
});

test("tests, examples and scripts that nothing runs need nothing", async () => {
  const read = (name: string) => `use(process.env.${name})`;
  expect(
    Object.keys(
      await env({
        "index.js": read("A_KEY"),
        "test/x.js": read("B_KEY"),
        "scripts/x.js": read("C_KEY"),
        "src/a.spec.ts": read("D_KEY"),
      }),
    ),
  ).toEqual(["A_KEY"]);
});

test.each([
  ["app.listen(8080)", 8080, null, "stated"],
  ["app.listen(process.env.PORT || 4000)", 4000, "PORT", "inferred"],
  ["const port = parseInt(process.env.PORT ?? '4001', 10); app.listen(port, () => {})", 4001, "PORT", "inferred"],
  [
    "const PORT = +(process.env.APP_PORT || 4002); server.listen({ port: PORT, host: '0.0.0.0' })",
    4002,
    "APP_PORT",
    "inferred",
  ],
  [
    "const config = { http: { port: process.env.PORT || 4003 } }; app.listen(config.http.port)",
    4003,
    "PORT",
    "inferred",
  ],
  ["const { PORT = 4004 } = process.env; app.listen(PORT)", 4004, "PORT", "inferred"],
  ["app.listen(process.env.PORT)", 3000, "PORT", "default"],
  [
    "const env = z.object({ PORT: z.coerce.number().int().default(4006) }).parse(process.env); app.listen(env.PORT)",
    4006,
    "PORT",
    "inferred",
  ],
  [
    "const env = cleanEnv(process.env, { PORT: port({ default: 4007, desc: 'x' }) }); app.listen(env.PORT)",
    4007,
    "PORT",
    "inferred",
  ],
  ["redis.listen('channel'); const a = process.env.PORT || 4005", 4005, "PORT", "inferred"],
  ["const a = a; const b = c || c; const c = b || b; app.listen(b)", 3000, null, "default"],
] as const)("%s listens on %s", async (code, port, variable, confidence) => {
  const { service } = await analyzeApp({ "index.js": code });
  expect([service.port, service.port_env, service.confidence["port"]]).toEqual([port, variable, confidence]);
});

test("a port that is settled in another file, also of CommonJS and TypeScript", async () => {
  const esm = await analyzeApp({
    "src/index.ts": 'import { config } from "./config.js";\napp.listen(config.port);',
    "src/config.ts": "export const config = {\n  port: Number(process.env.PORT) || 4100,\n} as const;",
  });
  expect(esm.service).toMatchObject({ port: 4100, evidence: { port: [{ file: "src/config.ts", line: 2 }] } });
  const cjs = await analyzeApp({
    "index.js": "const { port } = require('./config');\napp.listen(port)",
    "config.js": "module.exports = { port: process.env.PORT || 4101 }",
  });
  expect(cjs.service.port).toBe(4101);
  const circle = await analyzeApp({
    "a.js": "import { port } from './b.js'; export { port }; app.listen(port)",
    "b.js": "import { port } from './a.js'; export { port }",
  });
  expect(circle.service.port).toBe(3000);
});

test.each([
  [{ "index.js": 'app.get("/healthz", h)' }, "/healthz"],
  [{ "index.js": 'app.get("/users", h); app.get("/status", h); app.get("/health", h)' }, "/health"],
  [{ "index.js": 'app.get("/api/v1/health", (q, s) => s.send())' }, "/api/v1/health"],
  [{ "index.js": 'cache.get("/health"); app.post("/healthz", h)' }, null],
  [{ "index.js": 'const r = express.Router();\nr.get("/health", h);\napp.use("/api", r)' }, "/api/health"],
  [{ "index.js": 'const r = express.Router();\nr.get("/health", h)' }, null],
  [{ "index.js": 'createServer((req, res) => { if (req.url === "/healthz") res.end() })' }, "/healthz"],
  [{ "index.js": 'switch (new URL(req.url, "http://x").pathname) { case "/": x(); case "/status": y() }' }, "/status"],
  [{ "index.js": 'if (kind === "/health") x()' }, null],
  [
    {
      "index.js": 'import routes from "./routes.js";\napp.use("/api", routes)',
      "routes.js":
        'import { Router } from "express";\nconst router = Router();\nrouter.get("/ping", h);\nexport default router',
    },
    "/api/ping",
  ],
  [
    {
      "index.js": 'app.use("/v1", require("./routes"))',
      "routes.js": 'const router = require("express").Router();\nrouter.get("/ready", h);\nmodule.exports = router',
    },
    "/v1/ready",
  ],
])("health of %o is %s", async (files, path) =>
  expect((await analyzeApp(files as Record<string, string>)).service.health_path).toBe(path),
);

test.each([
  ["const upload = multer({ dest: 'uploads/' })", "uploads", null],
  ["multer.diskStorage({ destination: (req, file, done) => done(null, './data/files') })", "data/files", null],
  [
    "multer.diskStorage({ destination(req, file, cb) { cb(null, path.join(__dirname, '../uploads')) } })",
    "uploads",
    null,
  ],
  [
    "const dir = process.env.UPLOAD_DIR || './uploads'; fs.mkdirSync(dir, { recursive: true })",
    "uploads",
    "UPLOAD_DIR",
  ],
  ["const config = { dataDir: path.resolve(process.env.DATA_DIR ?? '/var/data') }", "/var/data", "DATA_DIR"],
  ["fs.writeFileSync(path.join(process.cwd(), 'storage', name), bytes)", "storage", null],
  ["const db = new Database(process.env.DB_FILE || 'data/app.db')", "data/app.db", "DB_FILE"],
  ["fs.createWriteStream(path.join(__dirname, '..', 'public/uploads', id + '.png'))", "public/uploads", null],
  [
    "const Files = function (o) { this.base = o.path || './data' };\nFiles.prototype.set = function (k, v) { const self = this; fs.mkdir(self.base, () => fs.writeFile(self.base + '/' + k, v)) }",
    "data",
    null,
  ],
  [
    "class Files { base = process.env.FILES ?? './data'; put(k, v) { fs.writeFileSync(path.join(this.base, k), v) } }",
    "data",
    "FILES",
  ],
])("%s keeps files in %s", async (code, path, variable) => {
  const { service } = await analyzeApp({ "src/index.js": code });
  expect(service.writable.map((one) => [one.path, one.from_env])).toEqual([[path, variable]]);
});

test("a folder with pages and styles of the program's own is not kept, and that is said; one with samples of data is", async () => {
  const code = "fs.writeFileSync('./static/' + name, small)\nfs.writeFileSync('./samples/' + name, x)";
  const { service, analysis } = await analyzeApp({
    "src/index.js": code,
    "static/app.css": "a {}",
    "samples/first.json": "{}",
  });
  expect(service.writable.map(({ path }) => path)).toEqual(["samples"]);
  expect(analysis.questions.filter(({ about }) => about.endsWith(".writable.static"))).toMatchObject([
    { required: false, why: expect.stringMatching(/src\/index\.js:1.*not kept/) },
  ]);
});

test("what two classes call by one name is not read as the place of either", async () => {
  const code =
    "class A { d = './one'; w() { fs.mkdirSync(this.d) } }\nclass B { d = './two'; w() { fs.mkdirSync(this.d) } }";
  expect((await analyzeApp({ "src/index.js": code })).service.writable).toEqual([]);
});

test.each([
  "fs.writeFileSync('/tmp/x', y)",
  "fs.mkdirSync(path.join(os.tmpdir(), 'x'))",
  "fs.createWriteStream('logs/app.log')",
  "fs.writeFile(name, y)",
  "fs.mkdirSync(path.join(__dirname, '../../../etc'))",
])("%s keeps nothing that must outlive a release", async (code) =>
  expect((await analyzeApp({ "src/index.js": code })).service.writable).toEqual([]),
);

test("a server without framework that listens where PORT says is a web service, and nothing is asked", async () => {
  const files = {
    "package.json": '{\n "scripts": { "start": "node server.js" }\n}',
    "server.js": "require('node:http').createServer(answer).listen(process.env.PORT)",
  };
  const analysis = await analyzeFiles(files);
  expect(unsound(analysis, files)).toEqual([]);
  expect(analysis.services).toMatchObject([{ kind: "web", port: 3000, port_env: "PORT" }]);
  expect(analysis.questions).toEqual([]);
});

test("the address of a server is its own, that of a Vite page is not", async () => {
  const read = "use(process.env.BASE_URL, process.env.PUBLIC_URL, import.meta.env.BASE_URL)";
  expect(await env({ "index.js": read })).toMatchObject({
    BASE_URL: { required: true, build_time: false },
    PUBLIC_URL: { required: true, build_time: false },
  });
  expect(await env({ "index.js": "use(import.meta.env.BASE_URL)" })).toEqual({});
});
