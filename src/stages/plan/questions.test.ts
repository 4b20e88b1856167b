import { expect, test } from "vitest";
import { analyzeFiles, packageJson } from "../analysis/fixture.ts";
import { analysis, planInput } from "./fixture.ts";
import { imagesOf } from "./images.ts";
import { makePlan } from "./make.ts";

const [web] = analysis.services;
const asking = {
  ...analysis,
  services: web ? [{ ...web, port: null, port_env: null }] : [],
  questions: [
    {
      ...{ id: "services_web_port", about: "services.web.port", question: "On which port does web listen?" },
      ...{ options: [], why: "The code does not show it.", required: true },
    },
  ],
};

test("a question of the analysis says how it is answered, and the answer answers it", () => {
  expect(() => makePlan(planInput({ analysis: asking }))).toThrow(
    expect.objectContaining({
      code: "questions_open",
      cause: "services.web.port: On which port does web listen? (--env PORT=NUMBER)",
    }),
  );
  const wishes = { domain: "shop.example.com", env: { PORT: "5005" } };
  const [service] = makePlan(planInput({ analysis: asking, wishes })).services;
  expect(service).toMatchObject({ port: 5005, env: { PORT: { value: "5005", why: "wished" } } });
});

test("a wished PORT moves what the proxy asks and what the image says", () => {
  const wishes = { domain: "shop.example.com", env: { PORT: "8080" } };
  const plan = makePlan(planInput({ wishes }));
  expect(plan.services[0]?.port).toBe(8080);
  expect(plan.images[0]?.dockerfile).toContain("EXPOSE 8080");
});

test("a source without a program is refused, and says what is looked for", async () => {
  const python = await analyzeFiles({ "app.py": "print(1)\n" });
  expect(() => makePlan(planInput({ analysis: python }))).toThrow(
    expect.objectContaining({ code: "nothing_to_deploy", cause: expect.stringContaining("the source holds python") }),
  );
});

test.each([
  [
    { "pnpm-lock.yaml": "lockfileVersion: '9.0'" },
    {},
    "pnpm (pnpm-lock.yaml:1)",
    "delete pnpm-lock.yaml, run npm install",
  ],
  [{ "yarn.lock": "# yarn lockfile v1" }, {}, "yarn (yarn.lock:1)", "delete yarn.lock, run npm install"],
  [{}, { packageManager: "pnpm@9.1.0" }, "pnpm (package.json:", 'take "packageManager" out of package.json'],
])("another package manager is named with where it was found: %o %o", async (files, manifest, cause, next) => {
  const found = await analyzeFiles({
    "package.json": packageJson({ dependencies: { express: "5" }, scripts: { start: "node index.js" }, ...manifest }),
    "index.js": "app.listen(3000)",
    ...files,
  });
  expect(() => imagesOf(found)).toThrow(
    expect.objectContaining({
      code: "recipe_missing",
      cause: expect.stringContaining(cause),
      next: expect.stringContaining(next),
    }),
  );
});
