import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { analyzeFiles, packageJson } from "../fixture.ts";
import { Analysis } from "../schema.ts";
import { portsOf } from "./ports.ts";
import { storeImage } from "./stores.ts";
import { commandLine, wordsOf } from "./words.ts";

const node = {
  "package.json": packageJson({ name: "legacy", dependencies: { pg: "8" }, scripts: { start: "node server.js" } }),
  "server.js": "app.listen(8080); process.env.DATABASE_URL.length",
  Dockerfile: "FROM node:24-slim\nCOPY . .\nEXPOSE 8080\nCMD node server.js\n",
};
const of = (compose: string, files: Record<string, string> = node) =>
  analyzeFiles({ ...files, "compose.yaml": compose }, "shop");

test("a program, its Dockerfile and its compose file are one service, and a database of the file is a datastore", async () => {
  const analysis = await of(`services:
  web:
    build:
      context: .
      args:
        VERSION: "1"
    ports:
      - "80:8080"
    environment:
      DATABASE_URL: postgresql+pg://shop:very-secret@db:5432/shop?sslmode=disable
      GREETING: "hello \${NAME:-world}"
      SESSION_SECRET: not-for-everybody
      REGION: \${REGION}
    volumes:
      - uploads:/app/uploads
    depends_on:
      db:
        condition: service_healthy
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:8080/healthz"]
  db:
    image: postgres:16-alpine
    environment:
      POSTGRES_PASSWORD: very-secret
    ports:
      - "5432:5432"
    volumes:
      - data:/var/lib/postgresql/data
volumes:
  uploads:
  data:
`);
  const at = (line: number) => [{ file: "compose.yaml", line }];
  expect(analysis.services).toMatchObject([
    {
      name: "web",
      language: "javascript",
      port: 8080,
      own_build: { context: ".", args: { VERSION: "1" } },
      published: [{ port: 8080, host_port: 80, protocol: "tcp", evidence: at(8) }],
      values: { DATABASE_URL: "postgresql+pg://shop@db:5432/shop?sslmode=disable", GREETING: "hello world" },
      health_command: ["curl", "-f", "http://localhost:8080/healthz"],
      health_path: "/healthz",
      writable: [{ path: "/app/uploads", evidence: at(15) }],
      depends_on: ["postgres"],
      evidence: { "values.GREETING": at(11), port: at(8), health_path: at(20) },
    },
  ]);
  expect(analysis.datastores).toMatchObject([
    {
      name: "postgres",
      host: "db",
      version: "16",
      required: true,
      published: [{ port: 5432, host_port: 5432, evidence: at(26) }],
    },
  ]);
  expect(analysis.env.filter(({ required }) => required).map(({ name }) => name)).toEqual([
    "DATABASE_URL",
    "REGION",
    "SESSION_SECRET",
  ]);
  expect(
    JSON.stringify({ ...analysis, services: analysis.services.map((one) => ({ ...one, own_build: null })) }),
  ).not.toMatch(/very-secret|not-for-everybody/);
  expect(analysis.questions).toEqual([]);
});

test("an image that is no datastore is a service as it is; what waits for a profile is none", async () => {
  const { services, questions } = await of(
    `services:
  search:
    image: getmeili/meilisearch:\${TAG:-v1.9}
    command: meilisearch --env "production mode"
    entrypoint: ["tini", "--"]
    user: "1000:1000"
    expose: ["7700"]
    environment:
      - MEILI_ENV=production
  tools:
    image: adminer
    profiles: [debug]
`,
    {},
  );
  expect(services).toMatchObject([
    {
      name: "search",
      image: "getmeili/meilisearch:v1.9",
      command: ["meilisearch", "--env", "production mode"],
      entrypoint: ["tini", "--"],
      user: "1000:1000",
      port: 7700,
      kind: "web",
      values: { MEILI_ENV: "production" },
    },
  ]);
  expect(questions.filter(({ required }) => required)).toEqual([]);
});

test("one codebase that runs as several services is several, and what runs first is what is run before a release", async () => {
  const { services } = await of(`x-app: &app
  build: .
  environment: &env
    LEVEL: info
services:
  web:
    <<: *app
    ports: ["8080"]
    depends_on:
      migrate: { condition: service_completed_successfully }
  worker:
    <<: *app
    command: node worker.js --name 'a b'
  migrate:
    <<: *app
    command: ["npm", "run", "migrate"]
`);
  expect(services).toMatchObject([
    { name: "web", port: 8080, release: "npm run migrate", published: [], values: { LEVEL: "info" } },
    { name: "worker", kind: "worker", port: null, command: ["node", "worker.js", "--name", "a b"], release: null },
  ]);
  expect(services).toHaveLength(2);
});

test("what it says of a program holds where its Dockerfile is missing", async () => {
  const { Dockerfile: _, ...program } = node;
  const { services, questions } = await of('services:\n  web:\n    build: .\n    ports: ["80:8081"]\n', program);
  expect(services).toMatchObject([{ name: "web", framework: null, port: 8081, dockerfile: null }]);
  expect(questions.map(({ about }) => about)).toContain("compose.web.build");
});

describe("what is not taken over is asked about", () => {
  test("and never waits for an answer", async () => {
    const { questions, services } = await of(
      `services:
  web:
    build: .
    privileged: true
    network_mode: host
    cap_add: [NET_ADMIN]
    env_file: .env
    deploy: { replicas: 3 }
    volumes:
      - /var/run/docker.sock:/var/run/docker.sock
      - ./nginx.conf:/etc/nginx/nginx.conf:ro
      - .:/app
      - /app/node_modules
      - ./not-there:/var/data
      - shared:/shared
  other:
    image: example/other
    volumes: ["shared:/x", "./nginx.conf:/etc/nginx.conf"]
`,
      { ...node, "nginx.conf": "x" },
    );
    expect(questions.every(({ required }) => !required)).toBe(true);
    const asked = questions.map(({ about }) => about);
    for (const key of [
      "web.privileged",
      "web.network_mode",
      "web.cap_add",
      "web.env_file",
      "web.replicas",
      "web.volumes.0",
      "other.volumes.1",
      "web.shared.shared",
    ])
      expect(asked).toContain(`compose.${key}`);
    expect(questions.find(({ about }) => about === "compose.web.privileged")?.why).toMatch(/^compose\.yaml:4: /);
    expect(services.find(({ name }) => name === "web")?.writable.map(({ path }) => path)).toEqual([
      "/var/data",
      "/shared",
    ]);
  });

  test.each([
    ["services: [", "compose.compose.yaml.unread"],
    ["services:\n  web:\n    ports: { a: b }\n", "compose.web.unread"],
    ["services:\n  web:\n    build: ../other\n", "compose.web.build"],
    [
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${"*a,".repeat(9)}]\nc: &c [${"*b,".repeat(9)}]\nd: &d [${"*c,".repeat(9)}]\ne: [${"*d,".repeat(9)}]\nservices: {}\n`,
      "compose.compose.yaml.unread",
    ],
  ])("a file that cannot be read: %#", async (compose, about) => {
    const { questions } = await of(compose, {});
    expect(questions.map((one) => one.about)).toContain(about);
  });
});

test.each([
  ["80:8080", [[8080, 80, "tcp", false]]],
  ["3000", [[3000, null, "tcp", false]]],
  ["127.0.0.1:5432:5432", [[5432, 5432, "tcp", true]]],
  ["[::1]:53:53/udp", [[53, 53, "udp", true]]],
  ["0.0.0.0::80", [[80, null, "tcp", false]]],
  [
    "9000-9001:8000-8001/tcp",
    [
      [8000, 9000, "tcp", false],
      [8001, 9001, "tcp", false],
    ],
  ],
  ["${WEB_PORT:-8081}:80", [[80, 8081, "tcp", false]]],
  ["${WEB_PORT}:80", [[80, null, "tcp", false]]],
  [{ target: "80", published: "8080", protocol: "udp", host_ip: "127.0.0.1" }, [[80, 8080, "udp", true]]],
  ["nonsense", []],
])("ports: %j", (entry, expected) => {
  expect(portsOf([entry]).map((one) => [one.port, one.hostPort, one.protocol, one.local])).toEqual(expected);
});

test.each([
  ["postgres", "postgres", null, false],
  ["docker.io/library/postgres:17.2-bookworm@sha256:ab", "postgres", "17.2", false],
  ["pgvector/pgvector:pg16", "postgres", "16", true],
  ["postgis/postgis:16-3.4", "postgres", "16", true],
  ["timescale/timescaledb:2.14.2-pg15", "postgres", "15", true],
  ["bitnami/redis:7.2", "redis", "7.2", false],
  ["valkey/valkey:8-alpine", "redis", "8", false],
  ["localhost:5000/mariadb:11", "mariadb", "11", false],
  ["example/postgres-exporter:1", undefined, undefined, undefined],
])("the image %s", (image, kind, version, more) => {
  const found = storeImage(image);
  expect([found?.kind.name, found?.version, found?.more]).toEqual([kind, version, more]);
});

test("a command in one line is split as a shell would, and put together as one would take it", () => {
  expect(wordsOf(`a "b c" 'd "e"' f\\ g "" h'i'j`)).toEqual(["a", "b c", 'd "e"', "f g", "", "hij"]);
  expect(commandLine(["sh", "-c", "a && b"])).toBe("a && b");
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (words) => {
      fc.pre(!(words[0] ?? "").endsWith("sh"));
      const plain = words.map((word) => word.replaceAll("'", "").replaceAll("\\", ""));
      expect(wordsOf(commandLine(plain))).toEqual(plain);
    }),
  );
});

test("whatever a compose file says, there is an analysis", async () => {
  const text = fc.oneof(
    fc.constantFrom(
      ".",
      "./x",
      "/y:/z",
      "v:/w",
      "80:80",
      "db",
      "postgres:17",
      "${A:-b}",
      "a=b",
      "__proto__",
      "constructor",
    ),
    fc.string(),
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.constant(null),
      fc.integer(),
      fc.boolean(),
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(text, tie("any"), { maxKeys: 3 }),
    ),
  })).any;
  const keys =
    "build image command entrypoint environment ports expose volumes healthcheck depends_on user deploy env_file profiles".split(
      " ",
    );
  const service = fc.record(Object.fromEntries(keys.map((key) => [key, value])), { requiredKeys: [] });
  await fc.assert(
    fc.asyncProperty(fc.dictionary(text, fc.oneof(service, value), { maxKeys: 3 }), async (services) => {
      const analysis = await of(JSON.stringify({ services }), { Dockerfile: "FROM a\nEXPOSE 80\n" });
      expect(Analysis.safeParse(analysis).error?.message).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});
