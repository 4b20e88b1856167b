import { expect, test } from "vitest";
import { analyzeFiles } from "./fixture.ts";

const program = (name: string) =>
  JSON.stringify({ name, dependencies: { express: "5" }, scripts: { start: "node server.js" } });

test("names of packages that are too long, or no names at all, become names of services", async () => {
  const names = ["x".repeat(200), `${"x".repeat(39)}-y`, "../../etc", 'a"\n$(id)`', "-", "ÄÖ"];
  const files = Object.fromEntries(
    names.flatMap((name, n) => [
      [`packages/p${n}/package.json`, program(name)],
      [`packages/p${n}/server.js`, "require('express')().listen(3000)"],
      [`packages/q${n}/package.json`, program(name)],
      [`packages/q${n}/server.js`, "require('express')().listen(3000)"],
    ]),
  );
  const { services } = await analyzeFiles(files);
  expect(services).toHaveLength(12);
  expect(new Set(services.map(({ name }) => name)).size).toBe(12);
  for (const { name } of services) expect(name).toMatch(/^[a-z][a-z0-9-]{0,38}[a-z0-9]$|^[a-z]$/);
});
