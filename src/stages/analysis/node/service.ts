import { nameFrom } from "../../source/name.ts";
import { envReads } from "../code/env.ts";
import { listening } from "../code/listen.ts";
import type { Code } from "../code/modules.ts";
import { healthRoute } from "../code/routes.ts";
import { writtenPaths } from "../code/writes.ts";
import { isAmbient } from "../env-names.ts";
import { exampleNames } from "../examples.ts";
import { byDefault, type Fact, inferred } from "../facts.ts";
import type { EnvFinding, ServiceFindings } from "../findings.ts";
import { languagesOf } from "../languages.ts";
import { aboutOwnFiles, aboutPort, aboutRelease, aboutStart, aboutWritable } from "../questions.ts";
import type { View } from "../read.ts";
import type { Service, Writable } from "../schema.ts";
import { datastoresOf, externalOf } from "./dependencies.ts";
import { frameworks } from "./frameworks/index.ts";
import { managerOf } from "./managers/index.ts";
import type { Manifest } from "./manifest.ts";
import { prismaOf } from "./prisma.ts";
import { nodeVersion } from "./runtime.ts";
import { buildOf, releaseOf, startOf } from "./scripts.ts";

interface Input {
  view: View;
  manifest: Manifest;
  root: Manifest | undefined;
  code: Code;
  within: (path: string) => boolean;
  name: string;
  taken: string[];
}

/** All that is known of one program. */
export function describeService({ view, manifest, root, code, within, name, taken }: Input): ServiceFindings {
  const chosen = managerOf(view, manifest, root);
  const manager = chosen.manager.value;
  const found = frameworks.filter(({ packages }) => packages.some((one) => manifest.dependencies[one] !== undefined));
  const framework = found[0];
  const { port, portEnv, portEnvAt } = listening(code);
  const conventional = portEnvAt
    ? byDefault(framework?.defaultPort ?? usualPort, portEnvAt)
    : framework?.defaultPort
      ? byDefault(framework.defaultPort, frameworkLine(manifest, framework.packages))
      : undefined;
  const start = startOf(manifest, manager, view);
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
  const serviceName = unique(nameFrom(manifest.name ?? (manifest.path === "." ? name : manifest.path)), taken);
  const dockerfile = manifest.path === "." ? "Dockerfile" : `${manifest.path}/Dockerfile`;
  const service: Service = {
    name: serviceName,
    path: manifest.path,
    kind: framework?.kind ?? (port || portEnv ? "web" : "worker"),
    language: languagesOf(view.files.filter(({ path }) => within(path)))[0]?.name ?? "javascript",
    ...values(facts),
    frameworks: found.map((one) => one.name),
    port_env: portEnv ?? null,
    static_dir: null,
    dockerfile: view.has(dockerfile) ? dockerfile : null,
    image: null,
    command: null,
    health_command: null,
    published: [],
    paths: [],
    values: {},
    env: [],
    depends_on: [],
    writable,
    evidence: Object.fromEntries(
      Object.entries(facts).flatMap(([field, fact]) => (fact ? [[field, fact.evidence]] : [])),
    ),
    confidence: Object.fromEntries(
      Object.entries(facts).flatMap(([field, fact]) => (fact ? [[field, fact.confidence]] : [])),
    ),
  };
  return {
    service,
    datastores: datastoresOf(manifest, prisma.providers),
    env: merged([...envReads(code), ...prisma.env, ...exampleNames(view, manifest.path)]).filter(
      (one) => !isAmbient(one.name),
    ),
    external: externalOf(manifest),
    questions: [
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

const frameworkLine = (manifest: Manifest, packages: string[]) =>
  manifest.at(["dependencies", packages.find((one) => manifest.dependencies[one] !== undefined) ?? ""], "dependency");

function versioned(view: View, manifest: Manifest, root: Manifest | undefined): Fact<NonNullable<Service["runtime"]>> {
  const version = nodeVersion(view, root && root !== manifest ? [manifest, root] : [manifest]);
  return { ...version, value: { name: "node", version: version.value } };
}

type Values = Pick<
  Service,
  "runtime" | "framework" | "package_manager" | "install" | "build" | "start" | "release" | "port" | "health_path"
>;

const values = (facts: { [K in keyof Values]: Fact<NonNullable<Values[K]>> | undefined }): Values => ({
  runtime: facts.runtime?.value ?? null,
  framework: facts.framework?.value ?? null,
  package_manager: facts.package_manager?.value ?? null,
  install: facts.install?.value ?? null,
  build: facts.build?.value ?? null,
  start: facts.start?.value ?? null,
  release: facts.release?.value ?? null,
  port: facts.port?.value ?? null,
  health_path: facts.health_path?.value ?? null,
});

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

/** Still a DNS label of at most 40 letters. */
function unique(name: string, taken: string[]): string {
  const numbered = (number: number) => `${name.slice(0, 39 - String(number).length).replace(/-+$/, "")}-${number}`;
  for (let number = 2, one = name; ; one = numbered(number++)) if (!taken.includes(one)) return one;
}

/** One entry a name: how the code uses it outweighs that a file lists it. */
function merged(env: EnvFinding[]): EnvFinding[] {
  const byName = new Map<string, EnvFinding>();
  for (const one of env) {
    const known = byName.get(one.name);
    byName.set(one.name, known ? { ...known, evidence: [...known.evidence, ...one.evidence].slice(0, 4) } : one);
  }
  return [...byName.values()];
}
