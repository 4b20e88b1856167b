import { posix } from "node:path";
import { exampleNames } from "../examples.ts";
import type { ServiceFindings } from "../findings.ts";
import { languagesOf } from "../languages.ts";
import { namesFor } from "../names.ts";
import type { View } from "../read.ts";
import { serviceOf } from "../service.ts";
import { type DockerBuild, readBuild } from "./build.ts";
import { withBuild } from "./facts.ts";

/** Folders whose Dockerfiles make no program of the source: tools, tests, what is shown to people. */
const beside =
  /(?:^|\/)(?:\.[^/]+|tests?|__tests__|e2e|docs?|examples?|samples?|fixtures?|benchmarks?|templates?|scripts?|hack|tools?|ci)\//i;
/** Folders that hold the Dockerfile of what lies above them. */
const forAbove = /^(?:docker|build|deploy|deployment|ops|infra|container|containers)$/i;
const maxDockerfiles = 50;

/** The Dockerfiles of a source that nobody names otherwise, each with the folder of the service that it makes. */
function findBuilds(view: View): { path: string; build: DockerBuild }[] {
  return view.files
    .map(({ path }) => path)
    .filter((path) => /(?:^|\/)(?:Dockerfile|Containerfile)$/.test(path) && !beside.test(path))
    .slice(0, maxDockerfiles)
    .flatMap((file) => {
      const build = readBuild(view, { file });
      if (!build) return [];
      const folder = posix.dirname(file);
      const above = build.own.context === "." && folder !== "." && forAbove.test(posix.basename(folder));
      return [{ path: above ? posix.dirname(folder) : folder, build }];
    });
}

/**
 * Gives services their own Dockerfiles. One in whose folder nothing was found makes the one program that it copies; else,
 * where `alone` allows it, a service of its own. What is copied into another's image besides is no service.
 */
export function withDockerfiles(
  view: View,
  name: string,
  parts: readonly ServiceFindings[],
  { alone }: { alone: boolean },
): ServiceFindings[] {
  let all = [...parts];
  const found = findBuilds(view);
  const isFree = ({ service }: ServiceFindings) => service.image === null && !service.own_build;
  for (const { path, build } of found) {
    all = all.map((part) => (part.service.path === path && isFree(part) ? withBuild(part, build) : part));
  }
  for (const { path, build } of found) {
    if (!startsSomething(build) || all.some(({ service }) => service.dockerfile === build.file && service.own_build))
      continue;
    const inner = all.filter((part) => isFree(part) && isCopied(part.service.path, build));
    const made = oneOf(inner.filter(({ service }) => service.kind !== "frontend")) ?? oneOf(inner);
    if (made) all = all.map((part) => (part === made ? withBuild(part, build) : part));
    else if (alone) all.push(builtAlone(view, name, path, build));
  }
  const built = found.filter(({ build }) =>
    all.some(({ service }) => service.own_build && service.dockerfile === build.file),
  );
  return all
    .filter((part) => !isFree(part) || !built.some(({ build }) => isCopied(part.service.path, build)))
    .map(withCommand);
}

const oneOf = <T>(list: readonly T[]): T | undefined => (list.length === 1 ? list[0] : undefined);

const startsSomething = ({ image }: DockerBuild) =>
  image !== undefined && (image.command !== null || image.entrypoint !== null || image.exposed.length > 0);

/** A service of which nothing is known but its Dockerfile. */
export function builtAlone(view: View, name: string, path: string, build: DockerBuild): ServiceFindings {
  const inside = path === "." ? view.files : view.files.filter((file) => file.path.startsWith(`${path}/`));
  const part: ServiceFindings = {
    service: serviceOf({ name: "", path, kind: "worker", language: languagesOf(inside)[0]?.name ?? "dockerfile" }, {}),
    names: namesFor(path, undefined, name),
    datastores: [],
    env: exampleNames(view, path),
    external: [],
    links: [],
    questions: () => [],
  };
  const made = withBuild(part, build);
  // A port that only its image is known for is a port nevertheless.
  return made.service.port === null ? made : { ...made, service: { ...made.service, kind: "web" } };
}

/** Whether a Dockerfile names the folder, or one around it, to copy it into its image. */
function isCopied(path: string, { image, own: { context } }: DockerBuild): boolean {
  const folders = (image?.copied ?? [])
    .map(({ source }) => posix.join(context, source.replace(/^\//, "")))
    .map((folder) => folder.replace(/\/$/, ""));
  return folders.some(
    (folder) => folder !== context && folder !== "." && (path === folder || path.startsWith(`${folder}/`)),
  );
}

/** Of several services of one image, those that only work start what the code says; the image's own command is for visitors. */
function withCommand(part: ServiceFindings, _: number, all: readonly ServiceFindings[]): ServiceFindings {
  const { service } = part;
  const { dockerfile, start, port, command, confidence } = service;
  const others = all.filter((other) => other !== part && other.service.dockerfile === dockerfile);
  const isSecond = dockerfile !== null && others.some((other) => other.service.kind !== "worker");
  if (!isSecond || service.kind !== "worker" || port !== null || command !== null || start === null) return part;
  return { ...part, service: { ...service, command: ["/bin/sh", "-c", start], confidence } };
}
