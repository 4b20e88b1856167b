import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import dockerignore from "@balena/dockerignore";
import ignore, { type Ignore } from "ignore";

/** The .gitignore files that hold for a folder, deeper ones winning. */
export interface IgnoreRules {
  /** `path` is relative to the listed folder. */
  ignores(path: string, isFolder: boolean): boolean;
  /** The rules that hold in a folder below (or "", the listed one), which may have a .gitignore of its own. */
  inside(folder: string, gitignore: string | undefined): IgnoreRules;
}

interface Layer {
  base: string;
  rules: Ignore;
}

/** Rules for a folder that lies at `prefix` ("" or `a/b`) in its repository; the layers' bases count from the repository's root. */
export function gitignoreRules(prefix = "", layers: readonly Layer[] = []): IgnoreRules {
  const whole = (path: string) => [prefix, path].filter(Boolean).join("/");
  return {
    ignores(path, isFolder) {
      for (const { base, rules } of layers.toReversed()) {
        const relative = base === "" ? whole(path) : whole(path).slice(base.length + 1);
        const { ignored, unignored } = rules.test(isFolder ? `${relative}/` : relative);
        if (ignored || unignored) return ignored;
      }
      return false;
    },
    inside(folder, gitignore) {
      if (gitignore === undefined) return this;
      return gitignoreRules(prefix, [...layers, ignoreLayer(whole(folder), gitignore)]);
    },
  };
}

export const ignoreLayer = (base: string, text: string): Layer => ({ base, rules: ignore().add(tame(text)) });

/** Whether .dockerignore keeps a path out of the build context; a folder without one keeps nothing out. */
export async function dockerignoreFilter(dir: string): Promise<(path: string) => boolean> {
  const text = await readSmall(join(dir, ".dockerignore"));
  if (text === undefined) return () => false;
  const rules = dockerignore.default({ ignorecase: false }).add(tame(text));
  return (path) => rules.ignores(path);
}

/** A small text file; undefined where there is none, it is no plain file, or larger than anybody writes by hand (64 kB). */
export async function readSmall(path: string): Promise<string | undefined> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isFile() && found.size <= 65_536 ? readFile(path, "utf8") : undefined;
}

/** Without lines whose many stars would keep a backtracking matcher busy for years. */
const tame = (text: string) =>
  text
    .split("\n")
    .filter(
      (line) =>
        line.length <= 1000 &&
        line.split("**").length <= 4 &&
        line.split("/").every((part) => part.split("*").length <= 5),
    )
    .join("\n");
