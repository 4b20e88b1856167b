import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { Language, Parser, type Query } from "web-tree-sitter";

export type Grammar = "javascript" | "typescript" | "tsx";

/** A parser and its queries, made when the first file of its kind is read. */
export interface Syntax {
  parser: Parser;
  language: Language;
  /** Compiled once: a query's source → the query. */
  queries: Map<string, Query>;
}

const files: Record<Grammar, string> = {
  javascript: "@vscode/tree-sitter-wasm/wasm/tree-sitter-javascript.wasm",
  typescript: "tree-sitter-typescript/tree-sitter-typescript.wasm",
  tsx: "tree-sitter-typescript/tree-sitter-tsx.wasm",
};

const byExtension: Record<string, Grammar> = {
  ...{ js: "javascript", mjs: "javascript", cjs: "javascript", jsx: "javascript" },
  ...{ ts: "typescript", mts: "typescript", cts: "typescript", tsx: "tsx" },
};

export const grammarOf = (path: string): Grammar | undefined => byExtension[/\.(\w+)$/.exec(path)?.[1] ?? ""];

/** Loads grammars as they are asked for. They are WebAssembly: hostile text is parsed in a sandbox of its own memory. */
export function grammarLoader(): (grammar: Grammar) => Promise<Syntax> {
  const loaded = new Map<Grammar, Promise<Syntax>>();
  return (grammar) => {
    const known = loaded.get(grammar) ?? load(grammar);
    loaded.set(grammar, known);
    return known;
  };
}

async function load(grammar: Grammar): Promise<Syntax> {
  await Parser.init();
  const path = createRequire(import.meta.url).resolve(files[grammar]);
  const language = await Language.load(await readFile(path));
  return { parser: new Parser().setLanguage(language), language, queries: new Map() };
}
