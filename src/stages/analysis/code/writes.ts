import { dirname, isAbsolute, join, normalize } from "node:path/posix";
import type { Node } from "web-tree-sitter";
import { compare } from "../facts.ts";
import type { Confidence, Writable } from "../schema.ts";
import { evaluate, property } from "./evaluate.ts";
import { argumentsOf, at, type Code, type Module, stringOf } from "./modules.ts";

/** Where the program keeps files: what it gives to multer, to an embedded database and to the functions that write. */
export function writtenPaths(code: Code): Writable[] {
  const found = code.modules.flatMap((module) => [...sinks(module), ...settings(module)]);
  const lasting = found.filter(({ path }) => !passing.test(path) && !path.startsWith("../"));
  const byPath = new Map<string, Writable>();
  for (const one of lasting) {
    const known = byPath.get(one.path);
    if (!known) byPath.set(one.path, one);
    else
      byPath.set(one.path, {
        ...known,
        from_env: known.from_env ?? one.from_env,
        evidence: [...known.evidence, ...one.evidence].slice(0, 3),
      });
  }
  return [...byPath.values()].sort((a, b) => compare(a.path, b.path));
}

/** What need not outlive a release. */
const passing =
  /^\/tmp(?:\/|$)|^\/dev\/|^\/proc\/|^\.?$|^\/$|(?:^|\/)(?:logs?|te?mp|\.?cache|dist|build|coverage|node_modules)(?:\/|$)|\.log$/i;

/** A call that keeps files, which of its arguments says where, and what for. */
const writers: { called: RegExp; argument: number; why: string; confidence: Confidence; isFile?: boolean }[] = [
  {
    called: /^(?:new )?(?:Database|sqlite3\.Database|BetterSqlite3|DatabaseSync)$/,
    argument: 0,
    why: "an embedded database is kept here",
    confidence: "stated",
    isFile: true,
  },
  {
    called: /(?:^|\.)(?:writeFile|appendFile|outputFile|writeJson|createWriteStream)(?:Sync)?$/,
    argument: 0,
    why: "the program writes files here",
    confidence: "inferred",
    isFile: true,
  },
  {
    called: /(?:^|\.)(?:mkdir|mkdirp|ensureDir|mkdirs)(?:Sync)?$/,
    argument: 0,
    why: "the program makes this folder and keeps files in it",
    confidence: "inferred",
  },
];

function sinks(module: Module): Writable[] {
  const calls = module
    .matches("(call_expression) @call (new_expression) @call")
    .flatMap(({ call }) => (call ? [call] : []));
  return calls.flatMap((call) => {
    const called = (call.childForFieldName("function") ?? call.childForFieldName("constructor"))?.text.slice(-60) ?? "";
    if (/^multer(?:\.diskStorage)?$/.test(called)) return uploads(module, call);
    const writer = writers.find((one) => one.called.test(called));
    const place = writer && pathOf(module, argumentsOf(call)[writer.argument]);
    if (!writer || !place) return [];
    const path = writer.isFile && writer.confidence === "inferred" ? folderOf(place) : place.path;
    return [
      {
        path,
        from_env: place.env,
        why: writer.why,
        evidence: [at(module, call, called)],
        confidence: writer.confidence,
      },
    ];
  });
}

/** `multer({ dest })`, `diskStorage({ destination })`, also as a function that calls back with a path. */
function uploads(module: Module, call: Node): Writable[] {
  const options = argumentsOf(call)[0];
  return ["dest", "destination"].flatMap((key) => {
    const found = property(module, options, key);
    const method = options?.namedChildren.find(
      (child) => child.type === "method_definition" && child.childForFieldName("name")?.text === key,
    );
    const node = method ?? found?.node;
    if (!node) return [];
    const place = pathOf(found?.module ?? module, node) ?? calledBack(module, node);
    return place
      ? [
          {
            path: place.path,
            from_env: place.env,
            why: "uploaded files are kept here",
            evidence: [at(module, node, "multer")],
            confidence: "stated" as const,
          },
        ]
      : [];
  });
}

function calledBack(module: Module, fn: Node): Place | undefined {
  for (const call of fn.descendantsOfType("call_expression").slice(0, 20)) {
    const given = call ? argumentsOf(call) : [];
    const place = given.length === 2 && given[0]?.type === "null" ? pathOf(module, given[1]) : undefined;
    if (place) return place;
  }
  return undefined;
}

/** `UPLOAD_DIR ?? "./uploads"`: a variable that is named after a folder of data, with a folder as its default. */
function settings(module: Module): Writable[] {
  const values = module.matches(
    `(binary_expression operator: ["||" "??"]) @value (call_expression) @value (object_assignment_pattern) @value`,
  );
  return values.flatMap(({ value }) => {
    if (!value || value.endIndex - value.startIndex > 300) return [];
    const { env, literal } = evaluate(module, value, 4);
    if (
      !env ||
      !/(?:UPLOADS?|DATA|STORAGE|MEDIA|FILES?|ATTACHMENTS?|IMAGES?|ASSETS|DB)_?(?:DIR|PATH|FOLDER|ROOT|DIRECTORY|FILE)$/.test(
        env.name,
      )
    )
      return [];
    if (typeof literal?.value !== "string" || !/^[\w./-]{1,200}$/.test(literal.value)) return [];
    const path = normalize(literal.value).replace(/\/$/, "");
    return [
      {
        path,
        from_env: env.name,
        why: `${env.name} names the place of the program's own files`,
        evidence: [at(literal.module, literal.node, env.name)],
        confidence: "inferred" as const,
      },
    ];
  });
}

interface Place {
  path: string;
  env: string | null;
  /** Whether the last part was not known, so that path is a folder. */
  open: boolean;
}

const folderOf = ({ path, open }: Place) => (open || dirname(path) === "." ? path : dirname(path));

/** A path that an expression stands for, relative to the program's folder or absolute; the known part of it. */
function pathOf(module: Module, node: Node | null | undefined): Place | undefined {
  if (!node) return undefined;
  const parts = joined(node);
  if (parts) return joinParts(module, parts);
  const { env, literal } = evaluate(module, node);
  if (typeof literal?.value === "string" && literal.value !== "" && !literal.value.includes(":")) {
    return { path: normalize(literal.value).replace(/(.)\/$/, "$1"), env: env?.name ?? null, open: false };
  }
  const inside = node.type === "identifier" ? undefined : joined(literal?.node);
  return inside ? joinParts(module, inside) : undefined;
}

const joined = (node: Node | null | undefined): Node[] | undefined =>
  node?.type === "call_expression" &&
  /^(?:path\.|posix\.)?(?:join|resolve)$/.test(node.childForFieldName("function")?.text ?? "")
    ? argumentsOf(node)
    : undefined;

function joinParts(module: Module, parts: Node[]): Place | undefined {
  let path = "";
  let env: string | null = null;
  for (const [index, part] of parts.entries()) {
    const base = /^(?:__dirname|import\.meta\.dirname)$/.test(part.text)
      ? dirname(module.path)
      : /^process\.cwd\(\)$/.test(part.text)
        ? "."
        : undefined;
    const value = base === undefined && stringOf(part) === undefined ? evaluate(module, part) : {};
    const text = base ?? stringOf(part) ?? (typeof value.literal?.value === "string" ? value.literal.value : undefined);
    if (text === undefined) return path === "" || path === "." ? undefined : { path: normalize(path), env, open: true };
    env = value.env?.name ?? env;
    path = index === 0 || isAbsolute(text) ? text : join(path, text);
  }
  return path === "" ? undefined : { path: normalize(path).replace(/(.)\/$/, "$1"), env, open: false };
}
