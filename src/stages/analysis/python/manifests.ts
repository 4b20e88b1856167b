import { posix } from "node:path";
import { parse } from "smol-toml";
import { lineAt } from "../facts.ts";
import type { View } from "../read.ts";
import type { Evidence } from "../schema.ts";

const { dirname, join } = posix;

interface Requirement {
  name: string;
  /** `fastapi[standard]`: what is installed with it. */
  extras: string[];
  evidence: Evidence;
}

/** A folder with a manifest of Python's world, and what its manifests say together. */
export interface Project {
  path: string;
  /** The manifest that stands for it, best first: pyproject.toml, requirements.txt, Pipfile, … */
  file: string;
  name: string | undefined;
  /** What it needs to run, by normalised name: what only its makers need is left out. */
  requirements: Map<string, Requirement>;
  /** Commands that it installs: name → `module:function`. */
  scripts: Map<string, { target: string; evidence: Evidence }>;
  /** A table of its pyproject.toml or Pipfile, as plain data. */
  get(...path: string[]): unknown;
  /** The line of a manifest that a pattern matches. */
  lineOf(pattern: RegExp, rule: string): Evidence | undefined;
}

export const manifestNames = /(?:^|\/)(?:pyproject\.toml|requirements\.txt|Pipfile|setup\.py|setup\.cfg|manage\.py)$/;
const requirementFiles = [
  "requirements.txt",
  "requirements/production.txt",
  "requirements/prod.txt",
  "requirements/base.txt",
  "requirements.in",
];

/** Reads the manifests in a folder; undefined where they only set up tools. */
export function readProject(view: View, path: string): Project | undefined {
  const toml = readToml(view, join(path, "pyproject.toml"));
  const pipfile = readToml(view, join(path, "Pipfile"));
  const listed = requirementFiles.map((name) => join(path, name)).find((file) => view.has(file));
  const setup = ["setup.py", "setup.cfg"].map((name) => join(path, name)).find((file) => view.has(file));
  const packaged = toml && [toml.get("project"), toml.get("tool", "poetry"), toml.get("build-system")].some(Boolean);
  const file = (packaged && toml.file) || listed || pipfile?.file || setup || existing(view, join(path, "manage.py"));
  if (!file) return undefined;
  const requirements = [
    ...(toml ? fromPyproject(toml) : []),
    ...(listed ? fromRequirements(view, listed, 3) : []),
    ...(pipfile ? fromTable(pipfile, pipfile.get("packages")) : []),
    ...(setup ? fromSetup(view, setup) : []),
  ];
  const named = new Map<string, Requirement>();
  for (const one of requirements) if (!named.has(one.name)) named.set(one.name, one);
  const name = toml?.get("project", "name") ?? toml?.get("tool", "poetry", "name");
  return {
    path,
    file,
    name: typeof name === "string" && name !== "" ? name : undefined,
    requirements: named,
    scripts: toml ? scriptsOf(toml) : new Map(),
    get: (...keys) => toml?.get(...keys) ?? pipfile?.get(...keys),
    lineOf: (pattern, rule) => toml?.lineOf(pattern, rule) ?? pipfile?.lineOf(pattern, rule),
  };
}

const existing = (view: View, file: string) => (view.has(file) ? file : undefined);

interface Toml {
  file: string;
  get(...path: string[]): unknown;
  lineOf(pattern: RegExp, rule: string): Evidence | undefined;
}

function readToml(view: View, file: string): Toml | undefined {
  const text = view.text(file);
  if (text === undefined) return undefined;
  const data = parsed(text);
  if (data === undefined) return undefined;
  return {
    file,
    get: (...path) => path.reduce<unknown>((value, key) => tableOf(value)[key], data),
    lineOf(pattern, rule) {
      const found = pattern.exec(text);
      return found ? { file, line: lineAt(text, found.index), rule } : undefined;
    },
  };
}

function parsed(text: string): unknown {
  try {
    return parse(text, { maxDepth: 100 });
  } catch {
    // Broken, or nested deeper than anybody's manifest.
    return undefined;
  }
}

const tableOf = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};

const listOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];

function fromPyproject(toml: Toml): Requirement[] {
  const stated = listOf(toml.get("project", "dependencies")).flatMap((line) => {
    const one = requirement(line);
    return one ? [{ ...one, evidence: at(toml, one.name) }] : [];
  });
  return [...stated, ...fromTable(toml, toml.get("tool", "poetry", "dependencies"))];
}

function fromTable(toml: Toml, table: unknown): Requirement[] {
  return Object.entries(tableOf(table)).map(([name, value]) => ({
    name: normalised(name),
    extras: listOf(tableOf(value)["extras"]),
    evidence: at(toml, normalised(name)),
  }));
}

/** Names are the same whatever stands between their words. */
const at = (toml: Toml, name: string): Evidence =>
  toml.lineOf(new RegExp(`(?<![\\w.-])${name.split("-").map(quoted).join("[-_.]")}(?![\\w-])`, "i"), "dependency") ?? {
    file: toml.file,
    line: 1,
    rule: "dependency",
  };

const quoted = (text: string) => text.replaceAll(/[^A-Za-z0-9]/g, "\\$&");

const normalised = (name: string) => name.toLowerCase().replaceAll(/[-_.]+/g, "-");

/** `Django[argon2] >= 5 ; python_version > "3.8"`: its name and extras. */
function requirement(line: string): Omit<Requirement, "evidence"> | undefined {
  const [, name, extras] =
    /^\s*([A-Za-z0-9][\w.-]{0,99})\s*(?:\[([\w\s,.-]{0,200})\])?\s*(?:[;=<>!~@(,#].*|\\)?$/.exec(line) ?? [];
  if (name === undefined) return undefined;
  return {
    name: normalised(name),
    extras: (extras ?? "")
      .split(",")
      .map((one) => one.trim())
      .filter(Boolean),
  };
}

function fromRequirements(view: View, file: string, depth: number): Requirement[] {
  const lines = (view.text(file) ?? "").split(/\r?\n/).slice(0, 5000);
  return lines.flatMap((line, index) => {
    const included = /^\s*(?:-r|--requirement)[ =]+(\S+)/.exec(line)?.[1];
    if (included !== undefined)
      return depth > 0 ? fromRequirements(view, join(dirname(file), included), depth - 1) : [];
    const one = requirement(line.replace(/\s--hash=.*$/, ""));
    return one ? [{ ...one, evidence: { file, line: index + 1, rule: "dependency" } }] : [];
  });
}

/** The quoted requirements of setup.py, and the indented ones of setup.cfg. */
function fromSetup(view: View, file: string): Requirement[] {
  const text = view.text(file) ?? "";
  const found = /install_requires\s*=\s*(\[[^\]]*\]|(?:\n[ \t]+[^\n]*)+)/.exec(text);
  if (!found?.[1]) return [];
  const first = lineAt(text, found.index);
  return found[1].split("\n").flatMap((line, index) =>
    line.split(/["'],?/).flatMap((part) => {
      const one = /^[A-Za-z]/.test(part.trim()) ? requirement(part.trim()) : undefined;
      return one ? [{ ...one, evidence: { file, line: first + index, rule: "dependency" } }] : [];
    }),
  );
}

function scriptsOf(toml: Toml): Project["scripts"] {
  const tables = [toml.get("project", "scripts"), toml.get("tool", "poetry", "scripts")].flatMap((table) =>
    Object.entries(tableOf(table)),
  );
  return new Map(
    tables.flatMap(([name, target]) => {
      const evidence = toml.lineOf(new RegExp(`^\\s*["']?${quoted(name)}["']?\\s*=`, "m"), "script");
      return typeof target === "string" && evidence ? [[name, { target, evidence }]] : [];
    }),
  );
}
