import { dirname, join, normalize } from "node:path/posix";
import { type Node, Query, type Tree } from "web-tree-sitter";
import { compare } from "../facts.ts";
import type { View } from "../read.ts";
import type { Evidence } from "../schema.ts";
import { grammarLoader, grammarOf, type Syntax } from "./grammars.ts";

/** A parsed file of JavaScript or TypeScript. */
export interface Module {
  path: string;
  tree: Tree;
  /** Nodes by capture name, for each match of a query, in the order of the text. */
  matches(query: string): Record<string, Node>[];
  /** The file of ours that an import names; undefined for a package. */
  resolve(specifier: string): Module | undefined;
}

export interface Code extends Disposable {
  /** Those that were worth parsing, by path. */
  modules: readonly Module[];
}

const maxFiles = 3000;
const maxFileBytes = 400_000;
const maxTotalBytes = 16_000_000;

/** What a file must mention to be worth parsing: the environment, a server, a route, or a file that is written. */
const worthParsing =
  /\benv\b|\blisten\b|\.(?:get|use|all|route|register|dest)\s*\(|\bserve\s*\(|\bmulter\b|writeFile|WriteStream|\bmkdir|\bDatabase\b|outputFile/;

/** Parses what the program itself is made of: not its tests, examples or documentation. The trees are freed on dispose. */
export async function readCode(view: View, isProgram: (path: string) => boolean): Promise<Code> {
  const load = grammarLoader();
  const modules = new Map<string, Module>();
  let left = maxTotalBytes;
  const candidates = view.files.filter(({ path, size }) => size <= maxFileBytes && grammarOf(path) && isProgram(path));
  for (const { path } of candidates.slice(0, maxFiles)) {
    const text = await view.text(path);
    const grammar = grammarOf(path);
    if (
      text === undefined ||
      grammar === undefined ||
      text.length > left ||
      !worthParsing.test(text) ||
      isMinified(text)
    )
      continue;
    left -= text.length;
    const syntax = await load(grammar);
    const tree = syntax.parser.parse(text);
    if (tree)
      modules.set(path, {
        path,
        tree,
        matches: queryOn(tree, syntax),
        resolve: (to) => resolveImport(modules, path, to),
      });
  }
  return {
    modules: [...modules.values()].sort((a, b) => compare(a.path, b.path)),
    [Symbol.dispose]: () => {
      for (const { tree } of modules.values()) tree.delete();
    },
  };
}

const isMinified = (text: string) => text.length > 20_000 && text.length / text.split("\n").length > 400;

function queryOn(tree: Tree, { language, queries }: Syntax): Module["matches"] {
  return (source) => {
    const query = queries.get(source) ?? new Query(language, source);
    queries.set(source, query);
    return query
      .matches(tree.rootNode)
      .map(({ captures }) => Object.fromEntries(captures.map(({ name, node }) => [name, node])));
  };
}

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

export const at = (module: Module, node: Node, rule: string): Evidence => ({
  file: module.path,
  line: node.startPosition.row + 1,
  rule,
});

/** The text between a string's quotes; undefined for anything else, and for text with something put into it. */
export function stringOf(node: Node | null | undefined): string | undefined {
  if (!node || (node.type !== "string" && node.type !== "template_string")) return undefined;
  if (node.namedChildren.some((child) => child.type === "template_substitution")) return undefined;
  return node.text.slice(1, -1);
}

export const argumentsOf = (call: Node): Node[] =>
  (call.childForFieldName("arguments")?.namedChildren ?? []).filter((child) => child.type !== "comment");
