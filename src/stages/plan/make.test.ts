import { describe, expect, test } from "vitest";
import { analysis, planInput, survey, variable } from "./fixture.ts";
import { imagesOf } from "./images.ts";
import { makePlan, planHash, stackName } from "./make.ts";
import { renderPlan } from "./render.ts";

const withServer = (facts: Partial<typeof survey.server>) => ({ ...survey, server: { ...survey.server, ...facts } });
const withEnv = (...more: (typeof analysis.env)[number][]) => ({ ...analysis, env: [...analysis.env, ...more] });
const failure = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    return error;
  }
};

describe("a plan", () => {
  test("is the same for the same input", () => {
    expect(planHash(makePlan(planInput()))).toBe(planHash(makePlan(structuredClone(planInput()))));
  });

  test("does not change by having been applied", () => {
    const plan = makePlan(planInput());
    const after = withServer({
      networks: [{ name: plan.network.name, subnets: [plan.network.subnet] }],
      routes: [plan.network.subnet],
      proxyImage: plan.proxy.image,
      engine: { version: "26.1", api: "1.45", liveRestore: true, root: "/var/lib/docker" },
      swapMegabytes: 2048,
      passwordLogin: false,
    });
    expect(planHash(makePlan(planInput({ survey: after, last: plan })))).toBe(planHash(plan));
    // A first apply that failed leaves a network and no record.
    expect(planHash(makePlan(planInput({ survey: after })))).toBe(planHash(plan));
  });

  test("keeps the images that were applied until a person asks for newer ones", () => {
    const plan = makePlan(planInput());
    const moved = { ...survey, images: { ...survey.images, "postgres:17": `postgres:17@sha256:${"9".repeat(64)}` } };
    const database = (made: typeof plan) => made.backing[0]?.image;
    expect(database(makePlan(planInput({ survey: moved, last: plan })))).toBe(database(plan));
    expect(database(makePlan(planInput({ survey: moved, last: plan, updateImages: true })))).toContain("999");
    // What was taken newer in conversation stays so in the plans that change that one.
    const start = makePlan(planInput({ survey: moved, last: plan, updateImages: true }));
    expect(database(makePlan(planInput({ last: plan, start })))).toContain("999");
    expect(database(makePlan(planInput({ last: plan, start, updateImages: true })))).toBe(database(plan));
  });

  test("carries no value of a secret, but changes when one is rotated", () => {
    const [a, b] = ["11", "22"].map((fingerprint) => makePlan(planInput({ given: { SESSION_SECRET: fingerprint } })));
    expect(a?.secrets).toContainEqual({ origin: "given", name: "SESSION_SECRET", fingerprint: "11" });
    expect(a?.services[0]?.env["SESSION_SECRET"]).toMatchObject({ from: "secret", secret: "SESSION_SECRET" });
    expect(a && planHash(a)).not.toBe(b && planHash(b));
  });

  test("gives each variable a value from where it belongs", () => {
    const { env } =
      makePlan(planInput({ wishes: { domain: "shop.example.com", env: { SITE_TITLE: "My shop" } } })).services[0] ?? {};
    expect(env).toMatchObject({
      PORT: { value: "3000" },
      NODE_ENV: { value: "production" },
      DATABASE_URL: { from: "reference", to: "postgres" },
      SESSION_SECRET: { from: "secret", secret: "session-secret" },
      UPLOAD_DIR: { value: "/app/uploads" },
      SITE_TITLE: { value: "My shop" },
    });
  });

  test("asks for health as it is wished", () => {
    const wishes = { domain: "shop.example.com", env: {}, healthPath: "/up", healthSeconds: 10 };
    const health = makePlan(planInput({ wishes })).services[0]?.health;
    expect(health).toEqual({ path: "/up", command: null, timeoutSeconds: 10, why: "wished" });
  });

  test("gives a folder that is written to a volume, and releases without a gap", () => {
    const plan = makePlan(planInput());
    expect(plan.services[0]?.mounts).toEqual([
      { volume: "shop-front-web-uploads", path: "/app/uploads", why: "uploaded pictures" },
    ]);
    expect(plan.services[0]?.strategy.kind).toBe("overlap");
  });

  test("stops first what writes one file", () => {
    const [service] = analysis.services;
    const writable = [
      { path: "data.sqlite", from_env: "DB_FILE", why: "the database", evidence: [], confidence: "stated" as const },
    ];
    const plan = makePlan(
      planInput({ analysis: { ...analysis, services: service ? [{ ...service, writable }] : [] } }),
    );
    expect(plan.services[0]).toMatchObject({ strategy: { kind: "stop-first" }, mounts: [{ path: "/data" }] });
    expect(plan.risks.map(({ text }) => text).join()).toContain("stops it for some seconds");
  });

  test("says first which process of the source will not run", () => {
    const worker = { id: "w", about: "processes.worker", question: "?", options: [], required: false };
    const questions = [{ ...worker, why: "Procfile:2 names it: node worker.js. Berth does not run it yet" }];
    expect(makePlan(planInput({ analysis: { ...analysis, questions } })).risks[0]).toEqual({
      about: "processes.worker",
      text: "It will not run: Procfile:2 names it: node worker.js. Berth does not run it yet.",
    });
  });

  test("says what the source can use and nobody provides", () => {
    const redis = {
      name: "redis",
      host: null,
      published: [],
      version: null,
      required: false,
      evidence: [],
      confidence: "inferred" as const,
    };
    const env = [...analysis.env, variable("REDIS_URL", { refers_to: { datastore: "redis", part: "url" } })];
    const cached = { ...analysis, datastores: [...analysis.datastores, redis], env };
    const minds = (change: Parameters<typeof planInput>[0]) =>
      makePlan(planInput({ analysis: cached, ...change })).risks.map(({ about }) => about);
    expect(minds({})).toEqual(["redis", "server", "server"]);
    expect(minds({ given: { REDIS_URL: "ab12" } })).not.toContain("redis");
  });

  test("says where more memory is planned than the server has", () => {
    const minds = (memoryMegabytes: number) =>
      makePlan(planInput({ wishes: { domain: "shop.example.com", env: {}, memoryMegabytes } }))
        .risks.map(({ text }) => text)
        .join("\n");
    expect(minds(9000)).toContain("9512 MB of memory together, and the server has 4 GB");
    // The old version runs on until the new one is healthy.
    expect(minds(3000)).toContain("6512 MB of memory, and the server has 4 GB");
    expect(minds(1700)).not.toContain("memory");
  });

  test("builds on the server where the architectures differ or no Engine is here", () => {
    expect(makePlan(planInput()).build.on).toBe("here");
    const arm = makePlan(planInput({ survey: withServer({ architecture: "arm64" }) }));
    expect(arm.build).toMatchObject({ on: "server", platform: "linux/arm64" });
    expect(arm.build.why).toContain("amd64");
    expect(makePlan(planInput({ survey: { ...survey, builder: null } })).build.on).toBe("server");
  });

  test("knows an image by all that goes into it", () => {
    const tag = (change: Parameters<typeof planInput>[0]) => makePlan(planInput(change)).images[0]?.tag;
    const changed = { ...planInput().source, contentHash: "b".repeat(64) };
    expect(new Set([tag({}), tag({ source: changed }), tag({ caBundle: "c".repeat(64) })]).size).toBe(3);
    expect(tag({ wishes: { domain: "other.example.com", env: {} } })).toBe(tag({}));
  });
});

test("services whose images come out the same run one image, which is built once", () => {
  const [web] = analysis.services;
  if (!web) throw new Error("the fixture has a service");
  const twin = { ...web, name: "worker", kind: "worker" as const, command: ["node", "worker.js"], release: null };
  const { images, services } = makePlan(planInput({ analysis: { ...analysis, services: [web, twin] } }));
  expect(images.map(({ service }) => service)).toEqual(["web"]);
  expect(new Set(services.map(({ image }) => image)).size).toBe(1);
  const other = makePlan(planInput({ analysis: { ...analysis, services: [web, { ...twin, start: "node w.js" }] } }));
  expect(other.images).toHaveLength(2);
});

describe("what only a person can answer", () => {
  test("is asked all at once, and how to answer it", () => {
    const open = withEnv(variable("API_KEY", { required: true, secret: true }), variable("REGION", { required: true }));
    expect(failure(() => makePlan(planInput({ analysis: open, wishes: { env: {} } })))).toMatchObject({
      code: "questions_open",
      cause: [
        "domain: which host name leads to the server? (--domain HOST)",
        "API_KEY (server.js:7): a secret that only you know (berth secrets set API_KEY --stack shop-front)",
        "REGION (server.js:7): a value that only you know (--env REGION=VALUE)",
      ].join("\n"),
    });
  });

  test("is settled by wishes and by secrets that were set", () => {
    const open = withEnv(variable("API_KEY", { required: true, secret: true }), variable("REGION", { required: true }));
    const wishes = { domain: "shop.example.com", env: { REGION: "eu" } };
    const plan = makePlan(planInput({ analysis: open, wishes, given: { API_KEY: "77" } }));
    expect(plan.services[0]?.env).toMatchObject({ API_KEY: { from: "secret" }, REGION: { value: "eu" } });
  });
});

test("names become DNS labels", () => {
  expect(["Shop Front", "@acme/Web.App", "9lives", "---"].map((name) => stackName({ name }, {}))).toEqual([
    "shop-front",
    "acme-web-app",
    "lives",
    "app",
  ]);
});

test("looks up the images that the plan starts from", () => {
  expect(imagesOf(analysis)).toEqual(["caddy:2", "node:24-slim", "postgres:17"]);
});

test("the Dockerfile of a Node service, with a CA bundle", () => {
  expect(makePlan(planInput({ caBundle: "c".repeat(64) })).images[0]?.dockerfile).toMatchInlineSnapshot(`
    "FROM berth-ca:cccccccccccc AS ca

    FROM node:24-slim@sha256:1111111111111111111111111111111111111111111111111111111111111111 AS packages
    WORKDIR /app
    ARG NODE_EXTRA_CA_CERTS=/mnt/ca.pem
    COPY package*.json ./
    RUN --mount=type=cache,target=/root/.npm --mount=type=bind,from=ca,target=/mnt npm ci --no-audit --no-fund --omit=dev && mkdir -p node_modules

    FROM node:24-slim@sha256:1111111111111111111111111111111111111111111111111111111111111111
    ENV NODE_ENV=production
    WORKDIR /app
    # Packages before code: a changed line sends the code alone. All of it is root's, so the application cannot change it.
    COPY --from=packages /app/node_modules ./node_modules
    COPY . .
    # A new volume takes what lies in the folder that it is mounted on, and its owner; the source may bring the folder.
    RUN mkdir -p /app/uploads && chown -R node:node /app/uploads
    USER node
    EXPOSE 3000
    CMD ["node","server.js"]
    "
  `);
});

test("a person reads the whole plan", () => {
  const plan = makePlan(planInput());
  expect(renderPlan(plan, planHash(plan))).toMatchInlineSnapshot(`
    "Plan 9dfb4c981851 for shop-front

    Source
      shop (folder) at aaaaaaaaaaaa

    Server
      root@192.0.2.1:22 · debian 13 · amd64
      host key SHA256:abc (pinned; another one will be refused)
      a server of yours: Berth orders nothing, so this costs nothing

    Address
      https://shop.example.com → web

    Service web
      image berth/shop-front-web:8bcc82b9e2fd9e9c · port 3000 · user node · memory 512 MB
      healthy when GET /healthz answers 2xx within 60 s
      before each release, once: npm run migrate
      volume shop-front-web-uploads on /app/uploads (uploaded pictures)
      NODE_ENV = production   (a deployed service runs in production mode)
      PORT = 3000   (the port that the proxy asks)
      DATABASE_URL = postgres://shop_front:[secret postgres-password]@postgres:5432/shop_front   (the stack's own PostgreSQL)
      SESSION_SECRET = [secret session-secret, generated]   (made when it is first applied, and kept)
      UPLOAD_DIR = /app/uploads   (a volume, so that it outlives a release)

    Backing service postgres
      postgres:17@sha256:222222222222…
      memory 512 MB · reached by the stack's services only
      volume shop-front-postgres on /var/lib/postgresql/data (the database's files)

    Network
      shop-front 172.31.138.0/24

    Proxy and TLS
      caddy:2@sha256:333333333333…
      certificates from https://acme.example/dir

    Firewall
      SSH stays open on 22
      80/tcp open: certificates, and the redirect to HTTPS
      443/tcp open: HTTPS
      everything else is closed from outside, ports that Docker publishes included

    On the server
      packages: apparmor, ca-certificates, curl, docker-buildx, docker-cli, docker-compose, docker.io, iproute2, nftables, prometheus-node-exporter, unattended-upgrades, util-linux
      password login off once key login is proved; automatic security updates; log rotation; node-exporter on loopback

    Build
      on this machine: an Engine of the server's architecture (amd64) answers on this machine

    Dockerfile of web
      FROM node:24-slim@sha256:1111111111111111111111111111111111111111111111111111111111111111 AS packages
      WORKDIR /app
      COPY package*.json ./
      RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund --omit=dev && mkdir -p node_modules

      FROM node:24-slim@sha256:1111111111111111111111111111111111111111111111111111111111111111
      ENV NODE_ENV=production
      WORKDIR /app
      # Packages before code: a changed line sends the code alone. All of it is root's, so the application cannot change it.
      COPY --from=packages /app/node_modules ./node_modules
      COPY . .
      # A new volume takes what lies in the folder that it is mounted on, and its owner; the source may bring the folder.
      RUN mkdir -p /app/uploads && chown -R node:node /app/uploads
      USER node
      EXPOSE 3000
      CMD ["node","server.js"]

    Why
      web.port = 3000: server.js:7
      web.health = /healthz: server.js:7
      web.strategy = overlap: the old version answers until the new one is healthy

    Mind
      server: Password login, and every port but SSH, 80 and 443, is closed from outside.
      server: Containers on it reach the server's own services no longer, name resolution apart.
    "
  `);
});
