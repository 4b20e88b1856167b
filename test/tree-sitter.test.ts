import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import NativeParser from "tree-sitter";
import nativeLanguages from "tree-sitter-typescript";
import { beforeAll, describe, expect, test } from "vitest";
import { Parser, Query } from "web-tree-sitter";
import { envReads } from "../src/stages/analysis/code/env.ts";
import { loadGrammar } from "../src/stages/analysis/code/grammars.ts";
import { listening } from "../src/stages/analysis/code/listen.ts";
import { readCode } from "../src/stages/analysis/code/modules.ts";
import { healthRoute } from "../src/stages/analysis/code/routes.ts";
import { writtenPaths } from "../src/stages/analysis/code/writes.ts";
import { openView } from "../src/stages/analysis/read.ts";

// The product parses in WebAssembly. The native binding is the one that everybody else uses: what it finds is the measure.

type Grammar = "typescript" | "tsx";

/** `query, name of the capture, type of its node, start-end`, for each capture of each match. */
type Captures = string[];

const root = join(import.meta.dirname, "..");
const analysis = "src/stages/analysis/code";
const programs = ["examples/guestbook", "src/kit", analysis];
/** What those do not do: follow a name, mount a router of another file, keep a folder's name in an object. Characters outside ASCII count differently in the two. */
const written = {
  "server.ts": `import express, { type Express } from "express";
import { users } from "./users.ts";
const secret: string | undefined = process.env.SESSION_SECRET; // größer als 😀
if (!secret) throw new Error("no secret");
const app: Express = express();
app.use("/users", users).listen(Number(process.env.PORT ?? 3000));\n`,
  "users.ts": `export const users = Router();\nusers.get("/health", (_request, answer) => answer.send("😀"));\n`,
  "files.ts": `import fs from "node:fs";
export class Files {
  base = "./data";
  keep = (name: string) => fs.writeFileSync(this.base + "/" + name, "");
}\n`,
};
const files: { path: string; text: string }[] = [];
/** What the analysis asks of these programs, as it asks it; and where in its code. */
const queries = new Set<string>();
const places = new Set<string>();

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-captures-"));
  for (const [name, text] of Object.entries(written)) writeFileSync(join(folder, name), text);
  for (const program of [...programs.map((name) => join(root, name)), folder]) {
    using code = await readCode(await openView(program), (path) => !path.endsWith(".test.ts"));
    for (const module of code.modules) {
      files.push({ path: join(program, module.path), text: module.text });
      const ask = module.matches;
      module.matches = (query) => {
        // It asks for each name that it follows, always in the same way: three names are enough.
        if (!query.includes("@use") || [...queries].filter((one) => one.includes("@use")).length < 3)
          queries.add(query);
        places.add(/code\/(\w+\.ts:\d+)/.exec(new Error().stack?.split("\n")[2] ?? "")?.[1] ?? "");
        return ask(query);
      };
    }
    envReads(code);
    listening(code);
    healthRoute(code);
    writtenPaths(code);
  }
  rmSync(folder, { recursive: true });
});

test("the programs make the analysis ask each of its queries", () => {
  const asking = readdirSync(join(root, analysis)).filter((file) => !/^syntax\.ts$|\.test\.ts$/.test(file));
  const texts = asking.map((file) => readFileSync(join(root, analysis, file), "utf8"));
  expect(places.size).toBe(texts.join("").split(".matches(").length - 1);
});

describe.each<Grammar>(["typescript", "tsx"])("the grammar of %s", (grammar) => {
  test("both bindings capture the same", { timeout: 120_000 }, async () => {
    let captures = 0;
    for (const { path, text } of files) {
      const ours = await inWebAssembly(grammar, text, [...queries]);
      expect(inNative(grammar, text, [...queries]), path).toEqual(ours);
      captures += ours.length;
    }
    expect(captures).toBeGreaterThan(5_000);
  });

  test("a difference would be seen: in the text, in where it stands, in a query", { timeout: 120_000 }, async () => {
    const text = written["server.ts"];
    const ours = await inWebAssembly(grammar, text, [...queries]);
    expect(inNative(grammar, text, [...queries])).toEqual(ours);
    expect(inNative(grammar, text.replace("env.PORT", "env.porT"), [...queries])).not.toEqual(ours);
    expect(inNative(grammar, ` ${text}`, [...queries])).not.toEqual(ours);
    const renamed = [...queries].map((query) => (query === "(call_expression) @call" ? `${query}ed` : query));
    expect(inNative(grammar, text, renamed)).not.toEqual(ours);
    expect(inNative(grammar, text, [...queries].slice(1))).not.toEqual(ours);
  });
});

const squeezed = (query: string) => query.replaceAll(/\s+/g, " ");

async function inWebAssembly(grammar: Grammar, text: string, asked: readonly string[]): Promise<Captures> {
  const language = await loadGrammar(grammar);
  const parser = new Parser().setLanguage(language);
  const tree = parser.parse(text);
  if (!tree) throw new Error("not parsed");
  const captures = asked.flatMap((source) =>
    compiled(`ours ${grammar} ${source}`, () => new Query(language, source))
      .matches(tree.rootNode)
      .flatMap(({ captures: found }) => found.map((one) => shown(source, one))),
  );
  tree.delete();
  parser.delete();
  return captures;
}

function inNative(grammar: Grammar, text: string, asked: readonly string[]): Captures {
  const language = nativeLanguages[grammar];
  const parser = new NativeParser();
  parser.setLanguage(language);
  // Without a size it refuses texts of 32 KiB and more.
  const tree = parser.parse(text, undefined, { bufferSize: text.length * 2 + 2 });
  return asked.flatMap((source) =>
    compiled(`native ${grammar} ${source}`, () => new NativeParser.Query(language, source))
      .matches(tree.rootNode)
      .flatMap(({ captures }) => captures.map((one) => shown(source, one))),
  );
}

const shown = (query: string, { name, node }: QueryCapture) =>
  `${squeezed(query)} ${name} ${node.type} ${node.startIndex}-${node.endIndex}`;

interface QueryCapture {
  name: string;
  node: { type: string; startIndex: number; endIndex: number };
}

/** Compiling a query takes longer than running it over a file. */
const queriesByKey = new Map<string, unknown>();
function compiled<T>(key: string, compile: () => T): T {
  const known = queriesByKey.get(key) ?? compile();
  queriesByKey.set(key, known);
  return known as T;
}
