import { posix } from "node:path";
import type { Node } from "web-tree-sitter";
import { compare } from "../facts.ts";
import type { View } from "../read.ts";
import { grammarOf } from "./grammars.ts";
import { type Parsed, parseFiles } from "./syntax.ts";

export { at } from "./syntax.ts";

const { dirname, join, normalize } = posix;

/** A parsed file of JavaScript or TypeScript. */
export interface Module extends Parsed {
  /** The file of ours that an import names; undefined for a package. */
  resolve(specifier: string): Module | undefined;
}

export interface Code extends Disposable {
  /** Those that were worth parsing, by path. */
  modules: readonly Module[];
}

/** What a file must mention to be worth parsing: the environment, a server, a route, or a file that is written. */
const worthParsing =
  /\benv\b|\bport\b|\blisten\b|\.(?:get|use|all|route|register|dest)\s*\(|\bserve\s*\(|\bmulter\b|writeFile|WriteStream|\bmkdir|\bDatabase\b|outputFile|\breq\w*\.(?:url|path)\b|\bpathname\b/;
/** What tells how a front end is built, whatever it mentions. */
const buildConfig = /(?:^|\/)(?:vite|next|nuxt|astro|svelte|react-router|vue|app)\.config\.[cm]?[jt]s$/;

/** Parses what the program itself is made of: not its tests, examples or documentation. The trees are freed on dispose. */
export async function readCode(view: View, isProgram: (path: string) => boolean): Promise<Code> {
  const modules = new Map<string, Module>();
  const parsed = await parseFiles(view, {
    grammarOf,
    within: isProgram,
    worth: (path, text) => (worthParsing.test(text) || buildConfig.test(path)) && !isForeign(path, text),
  });
  for (const file of parsed.files)
    modules.set(file.path, { ...file, resolve: (to) => resolveImport(modules, file.path, to) });
  return {
    modules: [...modules.values()].sort((a, b) => compare(a.path, b.path)),
    [Symbol.dispose]: () => parsed[Symbol.dispose](),
  };
}

/** A file without extension may be a program of another language. */
const isForeign = (path: string, text: string) => /\/[\w-]+$/.test(`/${path}`) && !/^#!.*\bnode\b/.test(text);

/** `./config` is config.ts, config.js, config/index.ts …; `./config.js` may be written as config.ts. `@/` and `~/` mean the source folder. */
function resolveImport(modules: Map<string, Module>, from: string, to: string): Module | undefined {
  const bases = /^\.{1,2}(?:\/|$)/.test(to)
    ? [normalize(join(dirname(from), to))]
    : /^[@~]\//.test(to)
      ? ["src", "."].map((root) => normalize(join(root, to.slice(2))))
      : [];
  for (const base of bases) {
    const stem = base.replace(/\.[cm]?jsx?$/, "");
    for (const path of [
      base,
      ...extensions.map((end) => stem + end),
      ...extensions.map((end) => `${base}/index${end}`),
    ]) {
      const found = modules.get(path);
      if (found) return found;
    }
  }
  return undefined;
}

const extensions = [".ts", ".js", ".mjs", ".cjs", ".mts", ".cts", ".tsx", ".jsx"];

/** The text between a string's quotes; undefined for anything else, and for text with something put into it. */
export function stringOf(node: Node | null | undefined): string | undefined {
  if (!node || (node.type !== "string" && node.type !== "template_string")) return undefined;
  if (node.namedChildren.some((child) => child.type === "template_substitution")) return undefined;
  return node.text.slice(1, -1);
}

export const argumentsOf = (call: Node): Node[] =>
  (call.childForFieldName("arguments")?.namedChildren ?? []).filter((child) => child.type !== "comment");
