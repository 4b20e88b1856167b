import { posix } from "node:path";
import { byDefault, type Fact, inferred } from "../../facts.ts";
import type { View } from "../../read.ts";
import type { Project } from "../manifests.ts";
import type { PackageManager } from "./manager.ts";
import { pdm } from "./pdm.ts";
import { pip } from "./pip.ts";
import { pipenv } from "./pipenv.ts";
import { poetry } from "./poetry.ts";
import { uv } from "./uv.ts";

const { join } = posix;

/** The first whose lock file is there counts, then the first whose table is; pip takes what is left. */
export const packageManagers: PackageManager[] = [uv, poetry, pdm, pipenv, pip];

export interface ChosenManager {
  manager: Fact<PackageManager>;
  locked: boolean;
}

/** What installs a project: by its lock file, by a table of its manifest, by the lock file of a workspace around it. */
export function managerOf(view: View, project: Project): ChosenManager {
  const own = lockIn(view, project.path);
  if (own) return locked(own);
  for (const manager of packageManagers) {
    const table = manager.table && project.lineOf(manager.table, "a table of its own");
    if (table) return { manager: inferred(manager, table), locked: false };
  }
  // A list of requirements is installed by pip, whatever locks another folder.
  const listed = /requirements/.test(project.file);
  for (let folder = project.path; folder !== "." && !listed; ) {
    folder = join(folder, "..");
    const around = lockIn(view, folder);
    if (around) return locked(around);
  }
  return { manager: byDefault(pip, { file: project.file, line: 1, rule: "no lock file" }), locked: false };
}

const locked = ({ manager, lock }: { manager: PackageManager; lock: string }): ChosenManager => ({
  manager: inferred(manager, { file: lock, line: 1, rule: "lock file" }),
  locked: true,
});

function lockIn(view: View, folder: string): { manager: PackageManager; lock: string } | undefined {
  for (const manager of packageManagers) {
    const lock = manager.locks.map((name) => join(folder, name)).find((file) => view.has(file));
    if (lock) return { manager, lock };
  }
  return undefined;
}
