import { describe, expect, test } from "vitest";
import { analyzeFiles, packageJson } from "../fixture.ts";

const node = {
  "package.json": packageJson({ name: "shop", dependencies: { express: "5" }, scripts: { start: "node server.js" } }),
  "server.js":
    "const port = process.env.PORT ?? 3000;\napp.get('/up', x);\napp.listen(port);\nprocess.env.MODE_OF_WORK.length",
};
const serviceOf = async (files: Record<string, string>) => {
  const { services } = await analyzeFiles(files, "shop");
  expect(services).toHaveLength(1);
  return services[0];
};

describe("a program with a Dockerfile", () => {
  test("is one service, with the port, health check and volumes of the Dockerfile", async () => {
    const dockerfile = `FROM node:24-slim
WORKDIR /srv
COPY . .
ENV PORT=8080 MODE_OF_WORK=quick
EXPOSE 8080
VOLUME /srv/data
HEALTHCHECK CMD curl -f http://localhost:8080/healthz || exit 1
USER node
CMD ["node", "server.js"]
`;
    const analysis = await analyzeFiles({ ...node, Dockerfile: dockerfile }, "shop");
    expect(analysis.services).toMatchObject([
      {
        name: "shop",
        framework: "express",
        port: 8080,
        dockerfile: "Dockerfile",
        own_build: { text: dockerfile, context: ".", target: null, args: {} },
        health_path: "/healthz",
        health_command: ["/bin/sh", "-c", "curl -f http://localhost:8080/healthz || exit 1"],
        writable: [{ path: "/srv/data", evidence: [{ file: "Dockerfile", line: 6 }] }],
        evidence: { port: [{ file: "Dockerfile", line: 5 }], health_path: [{ file: "Dockerfile", line: 7 }] },
      },
    ]);
    expect(analysis.env.find(({ name }) => name === "MODE_OF_WORK")?.required).toBe(false);
    expect(analysis.questions.filter(({ required }) => required)).toEqual([]);
  });

  test("keeps the port that its code has where the Dockerfile opens several, and one that its image is known for", async () => {
    expect((await serviceOf({ ...node, Dockerfile: "FROM node:24\nEXPOSE 9229 3000\n" }))?.port).toBe(3000);
    const site = await serviceOf({
      "index.html": "<p>",
      Dockerfile: "FROM nginx:1.27 AS x\nFROM x\nCOPY . /usr/share/nginx/html\nCMD nginx",
    });
    expect(site).toMatchObject({ port: 80, confidence: { port: "default" } });
  });

  test("that cannot be read as one keeps it, so that whoever builds it says why", async () => {
    expect(await serviceOf({ ...node, Dockerfile: "FROM a\nINSTALL x\n" })).toMatchObject({
      dockerfile: "Dockerfile",
      own_build: { text: "FROM a\nINSTALL x\n" },
      port: 3000,
    });
  });
});

test("a Dockerfile alone is a service, in whatever language", async () => {
  const files = {
    "main.zig": "pub fn main() void {}",
    Dockerfile: 'FROM debian:13\nCOPY . .\nEXPOSE 7000\nENTRYPOINT ["/server"]',
  };
  expect(await serviceOf(files)).toMatchObject({
    name: "shop",
    path: ".",
    kind: "web",
    port: 7000,
    runtime: null,
    start: "/server",
  });
  expect(await serviceOf({ "run.sh": "", Dockerfile: "FROM debian:13\nCMD ./run.sh" })).toMatchObject({
    kind: "worker",
    port: null,
    start: "./run.sh",
  });
  expect(
    (await analyzeFiles({ Dockerfile: "FROM debian:13\nRUN true\n", "docs/Dockerfile": "FROM a\nCMD x" })).services,
  ).toEqual([]);
});

describe("where a Dockerfile is built", () => {
  const copies = "FROM node:24\nCOPY package.json ./\nCOPY server.js ./\nCMD node server.js\n";
  test("is its own folder, or the root where its lines name what lies there", async () => {
    const inside = Object.fromEntries(Object.entries(node).map(([path, text]) => [`api/${path}`, text]));
    expect((await serviceOf({ ...inside, "api/Dockerfile": copies }))?.own_build?.context).toBe("api");
    expect(await serviceOf({ ...node, "docker/Dockerfile": copies })).toMatchObject({
      path: ".",
      framework: "express",
      own_build: { context: "." },
      dockerfile: "docker/Dockerfile",
    });
  });

  test("what it copies into its image is no service beside it", async () => {
    const files = {
      "backend/package.json": node["package.json"],
      "backend/server.js": node["server.js"],
      "web/package.json": packageJson({
        name: "web",
        scripts: { start: "vite", build: "vite build" },
        dependencies: { koa: "3" },
      }),
      Dockerfile:
        "FROM node:24 AS web\nCOPY web/ ./\nRUN npm run build\nFROM node:24\nCOPY backend ./\nCOPY --from=web /dist ./public\nEXPOSE 3000\nCMD node server.js",
    };
    const { services } = await analyzeFiles({
      ...files,
      "web/index.html": "<p>",
      "web/vite.config.js": "export default {}",
    });
    expect(services.filter(({ own_build }) => own_build)).toHaveLength(1);
    expect(services).toHaveLength(1);
  });
});
