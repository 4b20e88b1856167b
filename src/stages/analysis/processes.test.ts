import { expect, test } from "vitest";
import { analyzeFiles, expressApp, packageJson, unsound } from "./fixture.ts";

const listening = "require('express')().listen(process.env.PORT)";
const app = expressApp({ "server.js": listening });
const found = async (files: Record<string, string>) => {
  const all = { ...app, ...files };
  const analysis = await analyzeFiles(all);
  expect(unsound(analysis, all)).toEqual([]);
  return analysis;
};

test("what a Procfile starts beside the program is a worker of the same code, with its line", async () => {
  const Procfile = "# processes\nweb: node other.js\nworker: node worker.js $QUEUE\n\nclock:node clock.js\r\n";
  const { services, questions } = await found({ Procfile });
  expect(services).toMatchObject([
    { name: "app", kind: "web", start: "node server.js" },
    {
      ...{ name: "worker", kind: "worker", path: ".", port: null, health_path: null, install: "npm install" },
      ...{ start: "node worker.js $QUEUE", evidence: { start: [{ file: "Procfile", line: 3 }] }, env: ["PORT"] },
    },
    { name: "clock", kind: "worker", start: "node clock.js", evidence: { start: [{ line: 5 }] } },
  ]);
  expect(questions).toEqual([]);
});

test("a release command counts where no script is run before a release anyway", async () => {
  const Procfile = "release: node migrate.js";
  expect((await found({ Procfile })).services).toMatchObject([
    { release: "node migrate.js", confidence: { release: "stated" } },
  ]);
  const dependencies = { express: "5" };
  const migrating = packageJson({ dependencies, scripts: { start: "node server.js", migrate: "node migrate.js" } });
  expect((await found({ Procfile, "package.json": migrating })).services).toMatchObject([
    { release: "npm run migrate" },
  ]);
});

test("a package's own Procfile counts, one of another folder does not; without a program it is asked about", async () => {
  expect((await found({ "docs/Procfile": "worker: x", Procfile: "not a line\n: x\n" })).services).toHaveLength(1);
  const inside = Object.fromEntries(Object.entries(app).map(([path, text]) => [`api/${path}`, text]));
  const { services, questions } = await analyzeFiles({
    ...inside,
    Procfile: "web: x\nmail: y",
    "api/Procfile": "worker: node w.js",
  });
  expect(services.map(({ name, path }) => [name, path])).toEqual([
    ["app", "api"],
    ["worker", "api"],
  ]);
  expect(questions).toMatchObject([
    { id: "processes_Procfile_2_mail", required: false, why: expect.stringContaining("Procfile:2 names it: y.") },
  ]);
});

test("a Procfile says how a Python program is served, and its workers stand in for those that were guessed", async () => {
  const { services } = await found({
    "package.json": "",
    "requirements.txt": "flask\ngunicorn\ncelery[redis]\n",
    "app.py": "from flask import Flask\nfrom celery import Celery\napp = Flask(__name__)\njobs = Celery()\n",
    Procfile: "web: gunicorn -w 3 app:app -b :$PORT\njobs: celery -A app:jobs worker -Q slow\n",
  });
  expect(services).toMatchObject([
    { name: "app", start: "gunicorn -w 3 app:app -b :$PORT", port_env: "PORT", confidence: { start: "stated" } },
    { name: "jobs", start: "celery -A app:jobs worker -Q slow", depends_on: ["redis"] },
  ]);
});
