import { type Language, type Node, Parser, Query, type Tree } from "web-tree-sitter";
import type { View } from "../read.ts";
import type { Evidence } from "../schema.ts";
import { type Grammar, loadGrammar } from "./grammars.ts";

/** A parsed file. */
export interface Parsed {
  path: string;
  text: string;
  /** Nodes by capture name, for each match of a query, in the order of the text. */
  matches(query: string): Record<string, Node>[];
}

const maxFiles = 3000;
const maxFileBytes = 400_000;
const maxTotalBytes = 16_000_000;

/** Which files are parsed, and as what. */
interface Wanted {
  grammarOf(path: string): Grammar | undefined;
  within(path: string): boolean;
  /** Told by its text, since parsing is what takes time. */
  worth(path: string, text: string): boolean;
}

/** Parses the files of a source that are wanted, within bounds. The trees are freed on dispose. */
export async function parseFiles(
  view: View,
  { grammarOf, within, worth }: Wanted,
): Promise<Disposable & { files: Parsed[] }> {
  const files: Parsed[] = [];
  const trees: Tree[] = [];
  const queries = new Map<string, Query>();
  let left = maxTotalBytes;
  const candidates = view.files.filter(({ path, size }) => size <= maxFileBytes && grammarOf(path) && within(path));
  for (const { path } of candidates.slice(0, maxFiles)) {
    const text = view.text(path);
    const grammar = grammarOf(path);
    if (text === undefined || grammar === undefined || text.length > left) continue;
    if (!worth(path, text) || isMinified(text)) continue;
    left -= text.length;
    const language = await loadGrammar(grammar);
    const tree = parse(language, text);
    if (!tree) continue;
    trees.push(tree);
    files.push({ path, text, matches: queryOn(tree, (source) => compiled(queries, language, grammar, source)) });
  }
  return {
    files,
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

const isMinified = (text: string) => text.length > 20_000 && text.length / text.split("\n").length > 400;

/** Each query runs once over a file: many facts ask for the same nodes. */
function queryOn(tree: Tree, compile: (source: string) => Query): Parsed["matches"] {
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

export const at = (file: Pick<Parsed, "path">, node: Node, rule: string): Evidence => ({
  file: file.path,
  line: node.startPosition.row + 1,
  rule,
});
