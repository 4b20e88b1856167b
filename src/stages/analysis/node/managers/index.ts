import { posix } from "node:path";
import { byDefault, type Fact, inferred, stated } from "../../facts.ts";
import type { View } from "../../read.ts";
import type { Manifest } from "../manifest.ts";
import { bun } from "./bun.ts";
import type { PackageManager } from "./manager.ts";
import { npm } from "./npm.ts";
import { pnpm } from "./pnpm.ts";
import { yarn } from "./yarn.ts";

const { join } = posix;

/** The first whose lock file is there counts: npm last, since its lock file is the one that is left behind by accident. */
export const packageManagers: PackageManager[] = [pnpm, yarn, bun, npm];

export interface ChosenManager {
  manager: Fact<PackageManager>;
  locked: boolean;
}

/** What installs a package: what package.json says, else the nearest lock file from its folder up to the root. */
export function managerOf(view: View, manifest: Manifest, root: Manifest | undefined): ChosenManager {
  const found = nearestLock(view, manifest.path);
  for (const one of root && root !== manifest ? [manifest, root] : [manifest]) {
    const name = /^(\w+)(?:@|$)/.exec(String(one.get("packageManager") ?? ""))?.[1];
    const said = packageManagers.find((manager) => manager.name === name);
    if (said)
      return { manager: stated(said, one.at(["packageManager"], "packageManager")), locked: found?.manager === said };
  }
  if (found)
    return { manager: inferred(found.manager, { file: found.lock, line: 1, rule: "lock file" }), locked: true };
  return {
    manager: byDefault(npm, { file: manifest.file, line: 1, rule: "package.json without a lock file" }),
    locked: false,
  };
}

function nearestLock(view: View, path: string): { manager: PackageManager; lock: string } | undefined {
  for (let folder = path; ; folder = join(folder, "..")) {
    for (const manager of packageManagers) {
      const lock = manager.locks.map((name) => join(folder, name)).find((file) => view.has(file));
      if (lock) return { manager, lock };
    }
    if (folder === "." || folder.startsWith("..")) return undefined;
  }
}
