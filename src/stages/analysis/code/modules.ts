import { posix } from "node:path";
import { type Language, type Node, Parser, Query, type Tree } from "web-tree-sitter";
import { compare } from "../facts.ts";
import type { View } from "../read.ts";
import type { Evidence } from "../schema.ts";
import { grammarOf, loadGrammar } from "./grammars.ts";

const { dirname, join, normalize } = posix;

/** A parsed file of JavaScript or TypeScript. */
export interface Module {
  path: string;
  text: string;
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
  /\benv\b|\bport\b|\blisten\b|\.(?:get|use|all|route|register|dest)\s*\(|\bserve\s*\(|\bmulter\b|writeFile|WriteStream|\bmkdir|\bDatabase\b|outputFile|\breq\w*\.(?:url|path)\b|\bpathname\b/;

/** Parses what the program itself is made of: not its tests, examples or documentation. The trees are freed on dispose. */
export async function readCode(view: View, isProgram: (path: string) => boolean): Promise<Code> {
  const modules = new Map<string, Module>();
  const trees: Tree[] = [];
  const queries = new Map<string, Query>();
  let left = maxTotalBytes;
  const candidates = view.files.filter(({ path, size }) => size <= maxFileBytes && grammarOf(path) && isProgram(path));
  for (const { path } of candidates.slice(0, maxFiles)) {
    const text = view.text(path);
    const grammar = grammarOf(path);
    if (text === undefined || grammar === undefined || text.length > left) continue;
    if (!worthParsing.test(text) || isForeign(path, text) || isMinified(text)) continue;
    left -= text.length;
    const language = await loadGrammar(grammar);
    const tree = parse(language, text);
    if (!tree) continue;
    trees.push(tree);
    const resolve = (to: string) => resolveImport(modules, path, to);
    modules.set(path, {
      path,
      text,
      matches: queryOn(tree, (source) => compiled(queries, language, grammar, source)),
      resolve,
    });
  }
  return {
    modules: [...modules.values()].sort((a, b) => compare(a.path, b.path)),
    [Symbol.dispose]: () => {
      for (const one of [...trees, ...queries.values()]) one.delete();
    },
  };
}

function parse(language: Language, text: string): Tree | null {
  const parser = new Parser().setLanguage(language);
  try {
    return parser.parse(text);
  } finally {
    parser.delete();
  }
}

/** A file without extension may be a program of another language. */
const isForeign = (path: string, text: string) => /\/[\w-]+$/.test(`/${path}`) && !/^#!.*\bnode\b/.test(text);
const isMinified = (text: string) => text.length > 20_000 && text.length / text.split("\n").length > 400;

/** Each query runs once over a file: many facts ask for the same nodes. */
function queryOn(tree: Tree, compile: (source: string) => Query): Module["matches"] {
  const answers = new Map<string, Record<string, Node>[]>();
  return (source) => {
    const known = answers.get(source);
    if (known) return known;
    const matches = compile(source).matches(tree.rootNode);
    const found = matches.map(({ captures }) => Object.fromEntries(captures.map(({ name, node }) => [name, node])));
    answers.set(source, found);
    return found;
  };
}

/** Compiling a query takes longer than running it over a usual file. */
function compiled(queries: Map<string, Query>, language: Language, grammar: string, source: string): Query {
  const key = `${grammar} ${source}`;
  const query = queries.get(key) ?? new Query(language, source);
  queries.set(key, query);
  return query;
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
