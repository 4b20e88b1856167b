import { nameFrom } from "../../source/name.ts";
import { envReads } from "../code/env.ts";
import { listening } from "../code/listen.ts";
import type { Code } from "../code/modules.ts";
import { healthRoute } from "../code/routes.ts";
import { writtenPaths } from "../code/writes.ts";
import { isAmbient } from "../env-names.ts";
import { exampleNames } from "../examples.ts";
import { byDefault, inferred } from "../facts.ts";
import type { ServiceFindings } from "../findings.ts";
import { languagesOf } from "../languages.ts";
import { namesFor } from "../names.ts";
import { aboutOwnFiles, aboutPort, aboutRelease, aboutStart, aboutWritable } from "../questions.ts";
import type { View } from "../read.ts";
import type { Writable } from "../schema.ts";
import { mergedEnv, serviceOf } from "../service.ts";
import { datastoresOf, externalOf } from "./dependencies.ts";
import type { Framework } from "./frameworks/framework.ts";
import { frameworks } from "./frameworks/index.ts";
import { managerOf } from "./managers/index.ts";
import type { Manifest } from "./manifest.ts";
import { prismaOf } from "./prisma.ts";
import { proxiedBy } from "./proxied.ts";
import { versioned } from "./runtime.ts";
import { buildOf, releaseOf, startOf } from "./scripts.ts";
import type { siteOf } from "./site.ts";
import { requiredAt, requires } from "./site.ts";

interface Input {
  view: View;
  manifest: Manifest;
  root: Manifest | undefined;
  code: Code;
  within: (path: string) => boolean;
  name: string;
  site: ReturnType<typeof siteOf>;
}

/** All that is known of one program. */
export function describeService({ view, manifest, root, code, within, name, site }: Input): ServiceFindings {
  const chosen = managerOf(view, manifest, root);
  const manager = chosen.manager.value;
  const rendered = site && "start" in site.served ? site.served : undefined;
  const servers = serversOf(manifest);
  const found = site ? (rendered ? [site.framework, ...servers] : [...servers, site.framework]) : servers;
  const framework = found[0];
  const { port, portEnv, portEnvAt } = listening(code);
  const conventional = portEnvAt
    ? byDefault(framework?.defaultPort ?? usualPort, portEnvAt)
    : framework?.defaultPort
      ? byDefault(framework.defaultPort, frameworkLine(manifest, framework.packages))
      : undefined;
  const start = startOf(manifest, manager, view, rendered?.start);
  const { release, others } = releaseOf(manifest, manager, view);
  const prisma = prismaOf(view, within);
  const facts = {
    runtime: versioned(view, manifest, root),
    framework: framework && inferred(framework.name, frameworkLine(manifest, framework.packages)),
    package_manager: { ...chosen.manager, value: manager.name },
    install: { ...chosen.manager, value: manager.install(chosen.locked, "prepare" in manifest.scripts) },
    build: buildOf(manifest, manager),
    start,
    release,
    port: port ?? conventional,
    health_path: healthRoute(code),
  };
  const written = writtenPaths(code);
  const ofProgram = written.filter((one) => holdsProgram(view, one));
  const writable = written.filter((one) => !ofProgram.includes(one)).map((one) => placed(manifest.path, one));
  const dockerfile = manifest.path === "." ? "Dockerfile" : `${manifest.path}/Dockerfile`;
  const names = namesFor(manifest.path, manifest.name, name);
  const service = serviceOf(
    {
      name: nameFrom(names[0] ?? name),
      path: manifest.path,
      kind: framework?.kind ?? (port || portEnv ? "web" : "worker"),
      language: languagesOf(view.files.filter(({ path }) => within(path)))[0]?.name ?? "javascript",
      frameworks: found.map((one) => one.name),
      port_env: portEnv ?? null,
      dockerfile: view.has(dockerfile) ? dockerfile : null,
      writable,
    },
    facts,
  );
  return {
    service,
    names,
    datastores: datastoresOf(manifest, prisma.providers),
    env: mergedEnv([...envReads(code), ...prisma.env, ...exampleNames(view, manifest.path)]).filter(
      (one) => !isAmbient(one.name),
    ),
    external: externalOf(manifest),
    links: proxiedBy(view, manifest, code).links,
    questions: (service) => [
      ...aboutStart(service),
      ...aboutPort(service),
      ...aboutRelease(
        service,
        others.map((script) => manager.run(script)),
      ),
      ...aboutWritable(service),
      ...ofProgram.map((one) => aboutOwnFiles(service, placed(manifest.path, one))),
    ],
  };
}

/** For a program that listens wherever its variable says. */
const usualPort = 3000;

/** Frameworks whose programs are started as they are. */
export const serversOf = (manifest: Manifest): Framework[] =>
  frameworks.filter(
    ({ site, packages }) => site === undefined && packages.some((one) => manifest.dependencies[one] !== undefined),
  );

const frameworkLine = (manifest: Manifest, packages: string[]) =>
  requiredAt(manifest, packages.find((one) => requires(manifest, one)) ?? "");

/** A folder of pages, styles or code that the program also writes to: what is kept there would hide those of a new version. */
const holdsProgram = (view: View, { path, confidence }: Writable) =>
  confidence === "inferred" &&
  view.files.some(
    (file) => file.path.startsWith(`${path}/`) && /\.(?:[cm]?[jt]sx?|css|scss|html?|ejs|hbs|pug)$/.test(file.path),
  );

const placed = (folder: string, one: Writable): Writable => ({ ...one, path: below(folder, one.path) });

/** A path of the source as the service sees it. */
const below = (folder: string, path: string) =>
  folder !== "." && path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
