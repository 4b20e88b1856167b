import type { Service as AnalysedService } from "../../analysis/schema.ts";
import { literalPath } from "./path.ts";
import type { RecipeInput } from "./recipe.ts";

/**
 * The folder that a service is built from: its own. What its package manager read outside of it (a workspace's lock file)
 * is seen by a build of the whole source only.
 */
export function ownFolder({ path, evidence }: AnalysedService): string {
  if (path === ".") return ".";
  const read = ["package_manager", "install"].flatMap((fact) => evidence[fact] ?? []);
  return read.every(({ file }) => file.startsWith(`${path}/`)) ? literalPath(path) : ".";
}

/** Where a service's files begin in what its build sees, for a name behind it: `web/` or nothing. */
export const within = (service: AnalysedService): string =>
  service.path === ownFolder(service) ? "" : `${literalPath(service.path)}/`;

/** All of them. */
export const whole = (service: AnalysedService): string => within(service) || ".";

/** Values that a build reads: a step sees them as its environment, and the image keeps none of them. */
export const buildArgs = (args: RecipeInput["args"]): string[] =>
  Object.keys(args)
    .sort()
    .map((name) => `ARG ${name}`);

/** Folders that the application writes to, made its own. */
export function ownedFolders(paths: readonly string[], owner: string): string[] {
  if (paths.length === 0) return [];
  const folders = paths.map(literalPath).join(" ");
  return [
    "# A new volume takes what lies in the folder that it is mounted on, and its owner; the source may bring the folder.",
    `RUN mkdir -p ${folders} && chown -R ${owner}:${owner} ${folders}`,
  ];
}
