import { posix } from "node:path";
import { hashOf } from "../../kit/canonical.ts";
import { partName } from "../../kit/layout.ts";
import type { Service as AnalysedService, Writable } from "../analysis/schema.ts";
import type { Mount } from "./schema.ts";

export interface PlannedWritable {
  mounts: Mount[];
  volumes: { name: string; holds: string }[];
  /** The variable that moves a path, with where it is mounted. */
  env: Record<string, string>;
  /** Why no two of it may run at once; null: they may. */
  alone: string | null;
}

/** A file that is written is a database or a lock: two processes on it are one too many. */
const isFile = (path: string) => posix.extname(path) !== "";

/**
 * Each place that the service writes to becomes a volume, so that it outlives a release. `taken`: names of the stack's
 * volumes so far, to which these are added.
 */
export function planWritable(
  stack: string,
  service: AnalysedService,
  workdir: string,
  taken: Set<string>,
): PlannedWritable {
  const planned: PlannedWritable = {
    mounts: [],
    volumes: [],
    env: {},
    alone: null,
  };
  for (const writable of service.writable) {
    const { folder, path } = placeOf(writable, workdir);
    if (writable.from_env) planned.env[writable.from_env] = path;
    if (isFile(path)) planned.alone = `${path} is one file that two processes must not write at once`;
    if (planned.mounts.some((mount) => mount.path === folder)) continue;
    const name = volumeName(partName(stack, service.name), folder, workdir, taken);
    planned.mounts.push({ volume: name, path: folder, why: writable.why });
    planned.volumes.push({ name, holds: `what ${service.name} writes to ${folder}` });
  }
  return planned;
}

/**
 * After the whole path, so that two folders of one name are two volumes; where another has the name nevertheless (the
 * database's, another service's) with a few letters of the path's hash.
 */
function volumeName(part: string, folder: string, workdir: string, taken: Set<string>): string {
  const inside = folder.startsWith(`${workdir}/`) ? folder.slice(workdir.length) : folder;
  const words = inside.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const name = `${part}${words.replace(/-$/, "") || "-data"}`;
  const free = taken.has(name) ? `${name}-${hashOf(folder).slice(0, 6)}` : name;
  taken.add(free);
  return free;
}

/** A file needs a folder to be mounted on; the application's own folder cannot be it, since a volume would hide the code. */
function placeOf({ path, from_env }: Writable, workdir: string): { folder: string; path: string } {
  const absolute = posix.isAbsolute(path) ? posix.normalize(path) : posix.join(workdir, path);
  if (!isFile(absolute)) return { folder: absolute, path: absolute };
  const folder = posix.dirname(absolute);
  if (folder !== workdir || from_env === null) return { folder, path: absolute };
  return { folder: "/data", path: posix.join("/data", posix.basename(absolute)) };
}
