import { posix } from "node:path";
import { byDefault, type Fact, inferred, linesWith, stated } from "../facts.ts";
import type { View } from "../read.ts";
import type { Project } from "./manifests.ts";

const { join } = posix;

/** Minor versions of Python 3 that are looked after, the one that most packages are built for first. As of 2026-11. */
const supported = [13, 14, 12, 11, 10];

/** The version of Python that a project asks for; of a range, the best that lies in it. */
export function pythonVersion(view: View, project: Project): Fact<string> {
  for (const folder of project.path === "." ? ["."] : [project.path, "."]) {
    const found = fromFiles(view, folder);
    if (found) return found;
  }
  return (
    fromManifest(project) ??
    byDefault(`3.${supported[0]}`, { file: project.file, line: 1, rule: "no version is named: the usual one" })
  );
}

function fromFiles(view: View, path: string): Fact<string> | undefined {
  for (const [name, pattern] of [
    [".python-version", /^\s*(?:python-|cpython-)?(3(?:\.\d+){0,2})\s*(?:#.*)?$/],
    ["runtime.txt", /^\s*python-(3(?:\.\d+){1,2})\s*$/],
    [".tool-versions", /^\s*python\s+(3(?:\.\d+){1,2})/],
    ["mise.toml", /^\s*python\s*=\s*"(3(?:\.\d+){1,2})"/],
    [".mise.toml", /^\s*python\s*=\s*"(3(?:\.\d+){1,2})"/],
  ] as const) {
    const file = join(path, name);
    const text = view.text(file);
    const line = text?.split(/\r?\n/).find((one) => pattern.test(one));
    const version = line === undefined ? undefined : pattern.exec(line)?.[1];
    if (text !== undefined && version !== undefined) return stated(version, ...linesWith(file, text, pattern, name, 1));
  }
  return undefined;
}

function fromManifest(project: Project): Fact<string> | undefined {
  for (const [path, pattern] of [
    [["project", "requires-python"], /^\s*requires-python\s*=/m],
    [["tool", "poetry", "dependencies", "python"], /^\s*python\s*=/m],
    [["requires", "python_full_version"], /^\s*python_full_version\s*=/m],
    [["requires", "python_version"], /^\s*python_version\s*=/m],
  ] as const) {
    const said = project.get(...path);
    const evidence = project.lineOf(pattern, path.join("."));
    if (typeof said !== "string" || said.length > 200 || !evidence) continue;
    if (/^3(?:\.\d+){1,2}$/.test(said)) return stated(said, evidence);
    const minor = supported.find((one) => within(one, said));
    if (minor !== undefined) return inferred(`3.${minor}`, { ...evidence, rule: "best version in the range" });
  }
  return undefined;
}

/** Whether 3.MINOR fits a range such as `>=3.10,<3.14`, `^3.11`, `~=3.12.0`, `==3.12.*`. */
function within(minor: number, range: string): boolean {
  const clauses = range.split("||")[0]?.split(/[,\s]+(?=[<>=!~^\d])/) ?? [];
  return clauses.every((clause) => {
    const [, operator, stated, patch] = /^\s*([<>=!~^]*)\s*3(?:\.(\d+))?(?:\.(\d+|\*))?/.exec(clause) ?? [];
    // `<4` and the like.
    if (operator === undefined) return /^\s*<=?\s*[4-9]|^\s*>=?\s*2/.test(clause);
    const bound = Number(stated ?? 0);
    switch (operator) {
      case ">=":
      case "^":
        return minor >= bound;
      case ">":
        return patch === undefined ? minor > bound : minor >= bound;
      case "<":
        return minor < bound;
      case "<=":
        return minor <= bound;
      case "~=":
      case "~":
        return patch === undefined && operator === "~=" ? minor >= bound : minor === bound;
      case "!=":
        return patch !== undefined && patch !== "*" ? true : minor !== bound;
      default:
        return stated === undefined || minor === bound;
    }
  });
}
