import { posix } from "node:path";
import { findNodeAtLocation, getNodeValue, type Node as JsonNode, parseTree } from "jsonc-parser";
import type { Node } from "web-tree-sitter";
import { exported } from "../code/bindings.ts";
import { evaluate } from "../code/evaluate.ts";
import { argumentsOf, at, type Code, type Module } from "../code/modules.ts";
import { objectOf, type Place, property } from "../code/objects.ts";
import { lineAt } from "../facts.ts";
import type { View } from "../read.ts";
import type { Evidence } from "../schema.ts";
import type { Framework, Served } from "./frameworks/framework.ts";
import type { Manifest } from "./manifest.ts";

const { join, normalize } = posix;

/** A package that is built for browsers, as the rules of its framework see it. */
export interface SiteProject {
  /** The script that builds it. */
  build: { value: string; evidence: Evidence };
  has(path: string): boolean;
  depends(name: string): boolean;
  dependency(name: string): Evidence;
  /** `vite.config.ts`, `next.config.mjs`, …: what it exports, as far as that is written down. */
  config(name: string): Settings | undefined;
  json(file: string): Settings | undefined;
  /** A path in a folder, as both are written. */
  below(folder: string, path: string): string;
}

interface Settings {
  text(...path: string[]): { value: string; evidence: Evidence } | undefined;
  /** A folder inside the project. */
  folder(...path: string[]): { value: string; evidence: Evidence } | undefined;
  table(...path: string[]): object | undefined;
}

/** The front end that a package builds, by the first framework that finds one; undefined where it builds none. */
export function siteOf(
  view: View,
  manifest: Manifest,
  code: Code | undefined,
  frameworks: readonly Framework[],
): { framework: Framework; served: Served; build: SiteProject["build"]; script: string } | undefined {
  for (const framework of frameworks) {
    const { site } = framework;
    if (!site || !framework.packages.some((name) => requires(manifest, name))) continue;
    const script = ["build:prod", "build:production", "build", "generate", ...Object.keys(manifest.scripts)].find(
      (name) => site.builds.test(manifest.scripts[name] ?? ""),
    );
    if (script === undefined) continue;
    const build = {
      value: manifest.scripts[script] ?? "",
      evidence: manifest.at(["scripts", script], `script ${script}`),
    };
    const served = site.served(projectOf(view, manifest, code, build));
    if (served) return { framework, served, build, script };
  }
  return undefined;
}

export const requires = ({ dependencies, devDependencies }: Manifest, name: string): boolean =>
  dependencies[name] !== undefined || devDependencies[name] !== undefined;

/** The line that requires a package, for the program or for its makers. */
export const requiredAt = (manifest: Manifest, name: string): Evidence =>
  manifest.at([manifest.dependencies[name] === undefined ? "devDependencies" : "dependencies", name], "dependency");

function projectOf(view: View, manifest: Manifest, code: Code | undefined, build: SiteProject["build"]): SiteProject {
  return {
    build,
    has: (path) => view.has(join(manifest.path, path)),
    depends: (name) => requires(manifest, name),
    dependency: (name) => requiredAt(manifest, name),
    below: (folder, path) => normalize(join(folder, path)),
    config(name) {
      const module = configModule(code, manifest, name);
      const whole = module && wholeOf(module);
      return whole && settingsIn(whole);
    },
    json(file) {
      const path = join(manifest.path, file);
      const text = view.text(path);
      return text === undefined ? undefined : jsonSettings(path, text);
    },
  };
}

export const configModule = (code: Code | undefined, manifest: Manifest, name: string): Module | undefined =>
  code?.modules.find(({ path }) =>
    new RegExp(`^${name}\\.config\\.[cm]?[jt]s$`).test(posix.relative(manifest.path, path)),
  );

/** The object that a configuration exports: also out of `defineConfig(() => ({ … }))` and `withPlugin({ … })`. */
export function wholeOf(module: Module): Place | undefined {
  const given = exported(module, "default");
  return given && inside(given.module, given.node, 6);
}

function inside(module: Module, node: Node | null | undefined, steps: number): Place | undefined {
  if (!node || steps === 0) return undefined;
  const direct = objectOf(module, node);
  if (direct) return direct;
  if (node.type === "call_expression") {
    for (const argument of argumentsOf(node)) {
      const found = inside(module, argument, steps - 1);
      if (found) return found;
    }
  }
  if (!/^(?:arrow_function|function_expression|function_declaration)$/.test(node.type)) return undefined;
  const body = node.childForFieldName("body");
  if (body?.type !== "statement_block") return inside(module, body, steps - 1);
  const last = body.namedChildren.findLast((child) => child.type === "return_statement");
  return inside(module, last?.namedChild(0), steps - 1);
}

/** What lies at a path of keys. */
export function within(whole: Place, path: readonly string[]): Place | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return whole;
  const found = property(whole.module, whole.node, key);
  return found && found.key === undefined ? within(found, rest) : undefined;
}

function settingsIn(whole: Place): Settings {
  const text: Settings["text"] = (...path) => {
    const place = within(whole, path);
    if (!place) return undefined;
    const evidence = at(place.module, place.node, path.join("."));
    if (/^(?:true|false)$/.test(place.node.type)) return { value: place.node.type, evidence };
    const { literal } = evaluate(place.module, place.node);
    return typeof literal?.value === "string" ? { value: literal.value, evidence } : undefined;
  };
  return { text, folder: (...path) => folderOf(text(...path)), table: (...path) => within(whole, path) };
}

function jsonSettings(file: string, source: string): Settings | undefined {
  const root = parsed(source);
  if (!root) return undefined;
  const text: Settings["text"] = (...path) => {
    const node = findNodeAtLocation(root, path);
    return node?.type === "string"
      ? { value: String(node.value), evidence: { file, line: lineAt(source, node.offset), rule: path.join(".") } }
      : undefined;
  };
  const table: Settings["table"] = (...path) => {
    const node = findNodeAtLocation(root, path);
    const value: unknown = node?.type === "object" ? getNodeValue(node) : undefined;
    return typeof value === "object" && value !== null ? value : undefined;
  };
  return { text, folder: (...path) => folderOf(text(...path)), table };
}

function parsed(source: string): JsonNode | undefined {
  try {
    return parseTree(source, [], { allowTrailingComma: true });
  } catch {
    return undefined;
  }
}

/** Only what stays inside the source, and can stand in a path. */
function folderOf(found: ReturnType<Settings["text"]>): ReturnType<Settings["folder"]> {
  if (!found || !/^[\w./-]{1,200}$/.test(found.value)) return undefined;
  return { ...found, value: normalize(found.value).replace(/(.)\/$/, "$1") };
}
