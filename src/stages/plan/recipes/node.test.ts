import { expect, test } from "vitest";
import { analyzeFiles, packageJson } from "../../analysis/fixture.ts";
import { planInput } from "../fixture.ts";
import { makePlan } from "../make.ts";

const dockerfileOf = async (scripts: Record<string, string>, files: Record<string, string>) => {
  const analysis = await analyzeFiles({
    "package.json": packageJson({ dependencies: { express: "5" }, scripts: { start: "node index.js", ...scripts } }),
    "package-lock.json": "{}",
    "index.js": "app.listen(3000)",
    ...files,
  });
  return makePlan(planInput({ analysis })).images[0]?.dockerfile.split("\n") ?? [];
};

test("git hooks of those who work on the source are not prepared in an image: husky is no package of production", async () => {
  const installs = async (scripts: Record<string, string>) =>
    (await dockerfileOf(scripts, {})).filter((line) => /npm (?:ci|install)\b/.test(line));
  for (const line of await installs({ prepare: "husky", build: "tsc" }))
    expect(line).toMatch(/npm pkg delete scripts\.prepare && npm ci /);
  expect(await installs({ prepare: "husky", build: "tsc" })).toHaveLength(2);
  expect((await installs({})).join()).not.toContain("pkg delete");
});

test("a folder of the source that is written to is the application's after the source was copied over it", async () => {
  const lines = await dockerfileOf({}, { "index.js": "multer({ dest: 'public/uploads' }); app.listen(3000)" });
  const owned = lines.findIndex((line) => line.includes("chown -R node:node /app/public/uploads"));
  expect(owned).toBeGreaterThan(lines.indexOf("COPY . ."));
  expect(owned).toBeLessThan(lines.indexOf("USER node"));
});
