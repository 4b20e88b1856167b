import { nameFrom } from "../../source/name.ts";
import { envReads } from "../code/env.ts";
import type { Code } from "../code/modules.ts";
import { isAmbient } from "../env-names.ts";
import { exampleNames } from "../examples.ts";
import { type Fact, inferred, stated } from "../facts.ts";
import type { ServiceFindings } from "../findings.ts";
import { languagesOf } from "../languages.ts";
import { namesFor } from "../names.ts";
import { aboutStripped } from "../questions.ts";
import type { View } from "../read.ts";
import { mergedEnv, serviceOf } from "../service.ts";
import { externalOf } from "./dependencies.ts";
import type { Framework } from "./frameworks/framework.ts";
import { managerOf } from "./managers/index.ts";
import type { Manifest } from "./manifest.ts";
import { proxiedBy } from "./proxied.ts";
import { versioned } from "./runtime.ts";
import { requiredAt, requires, type SiteProject } from "./site.ts";

interface Input {
  view: View;
  manifest: Manifest;
  root: Manifest | undefined;
  code: Code;
  within: (path: string) => boolean;
  name: string;
  site: { framework: Framework; build: SiteProject["build"]; script: string };
  files: Fact<string>;
}

/** A front end that is built once and then is files: nothing of it is started. */
export function describeFront({ view, manifest, root, code, within, name, site, files }: Input): ServiceFindings {
  const { framework, build, script } = site;
  const chosen = managerOf(view, manifest, root);
  const manager = chosen.manager.value;
  const required = framework.packages.find((one) => requires(manifest, one)) ?? framework.name;
  const proxied = proxiedBy(view, manifest, code);
  const names = namesFor(manifest.path, manifest.name, name);
  const dockerfile = manifest.path === "." ? "Dockerfile" : `${manifest.path}/Dockerfile`;
  const service = serviceOf(
    {
      name: nameFrom(names[0] ?? name),
      path: manifest.path,
      kind: "frontend",
      language: languagesOf(view.files.filter(({ path }) => within(path)))[0]?.name ?? "javascript",
      frameworks: [framework.name, ...libraries.filter((one) => requires(manifest, one))],
      dockerfile: view.has(dockerfile) ? dockerfile : null,
    },
    {
      runtime: versioned(view, manifest, root),
      framework: inferred(framework.name, requiredAt(manifest, required)),
      package_manager: { ...chosen.manager, value: manager.name },
      install: { ...chosen.manager, value: manager.install(chosen.locked, "prepare" in manifest.scripts) },
      build: stated(manager.run(script), build.evidence),
      static_dir: files,
    },
  );
  return {
    service,
    names,
    datastores: [],
    env: mergedEnv([...envReads(code), ...exampleNames(view, manifest.path)]).filter((one) => !isAmbient(one.name)),
    external: externalOf(manifest),
    links: proxied.links,
    questions: (one) => aboutStripped(one, proxied.stripped),
  };
}

/** What pages are written with, whatever builds them. */
const libraries = ["react", "vue", "svelte", "preact", "solid-js", "lit"];
