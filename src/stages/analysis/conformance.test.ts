import { expect, test } from "vitest";
import { datastoreKinds } from "./datastores/index.ts";
import { externalServices } from "./externals.ts";
import { analyzeFiles, packageJson, unsound } from "./fixture.ts";
import { frameworks } from "./node/frameworks/index.ts";
import { packageManagers } from "./node/managers/index.ts";

/** What every variant of a kind must do, whatever else is special about it. */

test.each(frameworks.flatMap((framework) => framework.packages.map((name) => ({ framework, name }))))(
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
    externalServices.flatMap(({ packages }) => packages),
  ]) {
    expect(new Set(names).size).toBe(names.length);
  }
});

const frameworkOf = async (manifest: object) =>
  (await analyzeFiles({ "package.json": packageJson({ ...manifest, scripts: { start: "node index.js" } }) }))
    .services[0]?.framework;
