import { expect, test } from "vitest";
import { analyzeFiles, expressApp, packageJson } from "./fixture.ts";

const listening = "require('express')().listen(process.env.PORT)";
const asked = async (files: Record<string, string>) =>
  (await analyzeFiles({ ...expressApp({ "server.js": listening }), ...files })).questions.filter(({ about }) =>
    about.startsWith("processes."),
  );

test("what a Procfile starts beside the program is said, with its line", async () => {
  const Procfile = "# processes\nweb: node server.js\nworker: node worker.js $QUEUE\n\nclock:node clock.js\r\n";
  expect(await asked({ Procfile })).toMatchObject([
    {
      about: "processes.worker",
      required: false,
      why: expect.stringContaining("Procfile:3 names it: node worker.js $QUEUE."),
    },
    { about: "processes.clock", why: expect.stringContaining("Procfile:5 names it: node clock.js.") },
  ]);
});

test("a release command counts where no script is run before a release anyway", async () => {
  const Procfile = "release: node migrate.js";
  expect(await asked({ Procfile })).toMatchObject([{ about: "processes.release" }]);
  const dependencies = { express: "5" };
  const migrating = packageJson({ dependencies, scripts: { start: "node server.js", migrate: "node migrate.js" } });
  expect(await asked({ Procfile, "package.json": migrating })).toEqual([]);
});

test("a package's own Procfile counts, one of another folder or with nothing else does not", async () => {
  const files = { "docs/Procfile": "worker: x", Procfile: "web: node server.js\nnot a line\n: x\n" };
  expect(await asked(files)).toEqual([]);
  const api = expressApp({ "server.js": listening });
  const inside = Object.fromEntries(Object.entries(api).map(([path, text]) => [`api/${path}`, text]));
  expect(await asked({ ...inside, "api/Procfile": "worker: node w.js" })).toMatchObject([
    { id: "processes_api_Procfile_1_worker", why: expect.stringContaining("api/Procfile:1") },
  ]);
});
