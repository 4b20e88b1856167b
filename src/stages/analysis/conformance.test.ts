import { expect, test } from "vitest";
import { datastoreKinds } from "./datastores/index.ts";
import { externalServices } from "./externals.ts";
import { analyzeFiles, packageJson, unsound } from "./fixture.ts";
import { frameworks } from "./node/frameworks/index.ts";
import { packageManagers } from "./node/managers/index.ts";
import { frameworks as pythonFrameworks } from "./python/frameworks/index.ts";
import { packageManagers as pythonManagers } from "./python/managers/index.ts";
import { queues } from "./python/queues/index.ts";

/** What every variant of a kind must do, whatever else is special about it. */

const servers = frameworks.filter(({ site }) => site === undefined);

test.each(servers.flatMap((framework) => framework.packages.map((name) => ({ framework, name }))))(
  "framework $framework.name by $name",
  async ({ framework, name }) => {
    const files = {
      "package.json": packageJson({ dependencies: { [name]: "1" }, scripts: { start: "node index.js" } }),
    };
    const analysis = await analyzeFiles(files);
    expect(unsound(analysis, files)).toEqual([]);
    const [service] = analysis.services;
    expect(service).toMatchObject({ framework: framework.name, kind: framework.kind, port: framework.defaultPort });
    expect(service?.evidence["framework"]).toEqual([{ file: "package.json", line: 4, rule: "dependency" }]);
    expect(await frameworkOf({ devDependencies: { [name]: "1" } })).toBeNull();
  },
);

/** A script that each front end's framework is built by. */
const built: Record<string, string> = {
  ...{
    next: "next build",
    nuxt: "nuxt build",
    sveltekit: "vite build",
    remix: "remix vite:build",
    parcel: "parcel build x",
  },
  ...{
    "react-router": "react-router build",
    "tanstack-start": "vite build",
    astro: "astro build",
    angular: "ng build",
  },
  ...{ gatsby: "gatsby build", docusaurus: "docusaurus build", vite: "tsc && vite build", eleventy: "npx eleventy" },
  ...{ "create-react-app": "react-scripts build", "vue-cli": "vue-cli-service build" },
};

test.each(
  frameworks
    .filter(({ site }) => site !== undefined)
    .flatMap((framework) => framework.packages.map((name) => ({ framework, name }))),
)("front end $framework.name by $name, where a script builds it", async ({ framework, name }) => {
  const files = (scripts: object) => ({
    "package.json": packageJson({ devDependencies: { [name]: "1" }, scripts }),
    "index.html": "<!doctype html>",
  });
  const source = files({ build: built[framework.name] });
  const analysis = await analyzeFiles(source);
  expect(unsound(analysis, source)).toEqual([]);
  const [service] = analysis.services;
  expect(service).toMatchObject({ framework: framework.name, build: "npm run build" });
  expect(service?.evidence["framework"]).toMatchObject([{ file: "package.json", rule: "dependency" }]);
  // Either files that nothing starts, or a program that listens.
  const isFiles = service?.static_dir !== null;
  expect([service?.kind, service?.port]).toEqual(isFiles ? ["frontend", null] : ["web", framework.defaultPort]);
  if (isFiles) expect(service?.start).toBeNull();
  expect((await analyzeFiles(files({ lint: "eslint ." }))).services.map((one) => one.framework)).not.toContain(
    framework.name,
  );
});

test.each(pythonFrameworks)("framework $name of Python, by its application", async (framework) => {
  const files = {
    "requirements.txt": `# first\n${framework.packages[0]}\n${framework.interface === "asgi" ? "uvicorn" : "gunicorn"}\n`,
    "main.py": applications[framework.name] ?? "",
  };
  const analysis = await analyzeFiles(files);
  expect(unsound(analysis, files)).toEqual([]);
  const [service] = analysis.services;
  expect(service).toMatchObject({
    framework: framework.name,
    kind: framework.kind,
    port: framework.defaultPort,
    language: "python",
  });
  expect(service?.evidence["framework"]).toEqual([{ file: "requirements.txt", line: 2, rule: "dependency" }]);
  expect(service?.start).toContain("main");
  expect(
    (await analyzeFiles({ ...files, "main.py": "print('hello')" })).services.map((one) => one.framework),
  ).not.toContain(framework.name);
});

const applications: Record<string, string> = {
  django: "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
  fastapi: "from fastapi import FastAPI\napp = FastAPI()\n",
  litestar: "from litestar import Litestar\napp = Litestar([])\n",
  fasthtml: "from fasthtml.common import *\napp, rt = fast_app()\n",
  quart: "from quart import Quart\napp = Quart(__name__)\n",
  flask: "import flask\napp = flask.Flask(__name__)\n",
  sanic: "from sanic import Sanic\napp = Sanic('x')\n",
  starlette: "from starlette.applications import Starlette\napp = Starlette()\n",
  bottle: "from bottle import Bottle\napp = Bottle()\n",
  aiohttp: "from aiohttp import web\napp = web.Application()\n",
  tornado: "import tornado.web\napp = tornado.web.Application([])\n",
};

test.each(pythonManagers.flatMap((manager) => manager.locks.map((lock) => ({ manager, lock }))))(
  "package manager $manager.name by $lock",
  async ({ manager, lock }) => {
    const project = manager.name === "pipenv" ? { Pipfile: "[packages]\nflask = '*'\n" } : {};
    const files = {
      "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["flask"]\n',
      "main.py": applications["flask"] ?? "",
      [lock]: "lock",
      ...project,
    };
    const analysis = await analyzeFiles(files);
    expect(unsound(analysis, files)).toEqual([]);
    const at = { file: "pyproject.toml", path: "." };
    expect(analysis.services[0]).toMatchObject({ package_manager: manager.name, install: manager.install(true, at) });
  },
);

test.each(queues)("workers of $name", async (queue) => {
  const files = {
    "requirements.txt": `${queue.packages[0]}\nredis\n`,
    "shop/jobs.py":
      {
        celery: "from celery import Celery\nqueue = Celery()\n",
        dramatiq: "import dramatiq\ndramatiq.set_broker(x)\n",
        huey: "from huey import RedisHuey\nqueue = RedisHuey()\n",
      }[queue.name] ?? "",
  };
  const analysis = await analyzeFiles(files);
  expect(unsound(analysis, files)).toEqual([]);
  expect(analysis.services).toMatchObject([
    {
      kind: "worker",
      port: null,
      start: queue.start({ module: "shop.jobs", object: "queue", text: "" }),
      depends_on: ["redis"],
    },
  ]);
  expect(analysis.datastores).toMatchObject([{ name: "redis", required: true }]);
});

test.each(datastoreKinds.flatMap((kind) => kind.packages.pypi.map((name) => ({ kind, name }))))(
  "datastore $kind.name by $name of PyPI",
  async ({ kind, name }) => {
    const files = { "requirements.txt": `flask\n${name}>=1\n`, "main.py": applications["flask"] ?? "" };
    const analysis = await analyzeFiles(files);
    expect(unsound(analysis, files)).toEqual([]);
    expect(analysis.datastores).toMatchObject([{ name: kind.name, evidence: [{ file: "requirements.txt", line: 2 }] }]);
  },
);

test.each(packageManagers.flatMap((manager) => manager.locks.map((lock) => ({ manager, lock }))))(
  "package manager $manager.name by $lock",
  async ({ manager, lock }) => {
    const files = {
      "package.json": packageJson({ scripts: { start: "node index.js", build: "tsc" } }),
      [lock]: "lock",
    };
    const analysis = await analyzeFiles(files);
    expect(unsound(analysis, files)).toEqual([]);
    expect(analysis.services[0]).toMatchObject({
      package_manager: manager.name,
      install: manager.install(true),
      build: manager.run("build"),
    });
    expect(manager.install(true)).not.toBe(manager.install(false));
    const said = await analyzeFiles({
      "package.json": packageJson({ packageManager: `${manager.name}@1.2.3+sha512.abc`, scripts: { start: "x" } }),
    });
    expect(said.services[0]).toMatchObject({ package_manager: manager.name, install: manager.install(false) });
  },
);

test.each(datastoreKinds.flatMap((kind) => kind.packages.npm.map((name) => ({ kind, name }))))(
  "datastore $kind.name by $name",
  async ({ kind, name }) => {
    const files = {
      "package.json": packageJson({ dependencies: { [name]: "1" }, scripts: { start: "node index.js" } }),
    };
    const analysis = await analyzeFiles(files);
    expect(unsound(analysis, files)).toEqual([]);
    expect(analysis.datastores).toMatchObject([{ name: kind.name, required: true }]);
    expect(analysis.services[0]?.depends_on).toEqual([kind.name]);
    expect(kind.part(`${kind.name.toUpperCase()}_URL`)).toBe("url");
    expect(kind.part("PORT")).toBeUndefined();
  },
);

test.each(externalServices.flatMap(({ name, packages }) => packages.map((one) => ({ name, one }))))(
  "external service $name by $one",
  async ({ name, one }) => {
    const files = {
      "package.json": packageJson({ dependencies: { [one]: "1" }, scripts: { start: "node index.js" } }),
    };
    const analysis = await analyzeFiles(files);
    expect(unsound(analysis, files)).toEqual([]);
    expect(analysis.external.map((found) => found.name)).toEqual([name]);
  },
);

test("no name stands twice in a list, and no package means two things", () => {
  for (const names of [
    frameworks.flatMap(({ packages }) => packages),
    packageManagers.flatMap(({ name, locks }) => [name, ...locks]),
    datastoreKinds.flatMap(({ packages }) => packages.npm),
    datastoreKinds.flatMap(({ packages }) => packages.pypi),
    datastoreKinds.flatMap(({ schemes }) => schemes),
    externalServices.flatMap(({ packages }) => packages),
    externalServices.flatMap(({ python = [] }) => python),
    pythonFrameworks.flatMap(({ packages }) => packages),
    pythonManagers.flatMap(({ name, locks }) => [name, ...locks]),
    queues.flatMap(({ packages }) => packages),
  ]) {
    expect(new Set(names).size).toBe(names.length);
  }
});

const frameworkOf = async (manifest: object) =>
  (await analyzeFiles({ "package.json": packageJson({ ...manifest, scripts: { start: "node index.js" } }) }))
    .services[0]?.framework;
