import { posix } from "node:path";
import type { Node } from "web-tree-sitter";
import { type Parsed, parseFiles } from "../../code/syntax.ts";
import { compare } from "../../facts.ts";
import type { View } from "../../read.ts";

const { dirname, join } = posix;

/** A parsed file of Python. */
export interface Module extends Parsed {
  /** The file of ours that an import names: `app.config`, `.config`; undefined for a package of others. */
  resolve(name: string): Module | undefined;
}

export interface Code extends Disposable {
  /** By path. */
  modules: readonly Module[];
}

/** What a file must mention to be worth parsing: the environment, settings, a server, a route, a loop, a file that is written. */
const worthParsing =
  /environ|getenv|\benv\b|Settings|\bconfig\(|_url\b|URL|\bapp\b|App\(|\broute|\brouter|urlpatterns|while |__main__|\bconnect\(|open\(|makedirs|mkdir|HTTPServer|\bserve|_port\(|Queue\(|\bschedule|(?:API|App|_app|Flask|Starlette|Litestar|Quart|Sanic|Bottle|Application|HTML|Celery|Huey)\(|set_broker|[aw]sgi/;

/** Parses what a program itself is made of. The trees are freed on dispose. */
export async function readPython(view: View, within: (path: string) => boolean): Promise<Code> {
  const modules = new Map<string, Module>();
  const parsed = await parseFiles(view, {
    grammarOf: (path) => (path.endsWith(".py") ? "python" : undefined),
    within,
    worth: (_, text) => worthParsing.test(text),
  });
  for (const file of parsed.files)
    modules.set(file.path, { ...file, resolve: (name) => resolveImport(modules, file.path, name) });
  return {
    modules: [...modules.values()].sort((a, b) => compare(a.path, b.path)),
    [Symbol.dispose]: () => parsed[Symbol.dispose](),
  };
}

/** Absolute names count from any folder above, since what is on the path is not known. */
function resolveImport(modules: Map<string, Module>, from: string, name: string): Module | undefined {
  const [, dots = "", rest = ""] = /^(\.*)(.*)$/.exec(name) ?? [];
  const path = rest.replaceAll(".", "/");
  const roots =
    dots === "" ? above(dirname(from)) : [join(dirname(from), ...Array.from({ length: dots.length - 1 }, () => ".."))];
  for (const root of roots) {
    const base = path === "" ? root : join(root, path);
    const found = modules.get(`${base}.py`) ?? modules.get(join(base, "__init__.py"));
    if (found) return found;
  }
  return undefined;
}

function above(folder: string): string[] {
  const folders = [folder];
  for (let one = folder; one !== "." && one !== ".." && folders.length < 12; ) {
    one = dirname(one);
    folders.push(one);
  }
  return folders;
}

/** The text of a string without anything put into it; undefined for all else. */
export function stringOf(node: Node | null | undefined): string | undefined {
  if (node?.type !== "string") return undefined;
  if (node.namedChildren.some((child) => child.type === "interpolation")) return undefined;
  return node.namedChildren
    .filter((child) => child.type === "string_content")
    .map(({ text }) => text)
    .join("");
}

export interface Call {
  node: Node;
  /** `app.get`, `os.environ.get`: as it is written. */
  called: string;
  args: Node[];
  keywords: Map<string, Node>;
}

const known = new WeakMap<Module, Call[]>();

/** Every call in a module. */
export function callsOf(module: Module): Call[] {
  const calls =
    known.get(module) ??
    module
      .matches("(call function: (_) @called arguments: (argument_list) @arguments) @call")
      .flatMap(({ called, call }) => (called && call ? [callOf(call, called)] : []));
  known.set(module, calls);
  return calls;
}

export function callOf(call: Node, called = call.childForFieldName("function")): Call {
  const given = (call.childForFieldName("arguments")?.namedChildren ?? []).filter(({ type }) => type !== "comment");
  const keywords = given.flatMap((one) => {
    const name = one.type === "keyword_argument" ? one.childForFieldName("name")?.text : undefined;
    const value = one.childForFieldName("value");
    return name !== undefined && value ? [[name, value] as const] : [];
  });
  return {
    node: call,
    called: called?.text.slice(-80) ?? "",
    args: given.filter(({ type }) => type !== "keyword_argument"),
    keywords: new Map(keywords),
  };
}

const imports = new WeakMap<Module, Map<string, { from: string; name: string }>>();

/** What a name is imported from, in a module: `from fastapi import FastAPI as App`, `import flask`. */
export function importsOf(module: Module): Map<string, { from: string; name: string }> {
  const found = imports.get(module) ?? new Map<string, { from: string; name: string }>();
  if (imports.has(module)) return found;
  imports.set(module, found);
  for (const { from, name } of module.matches("(import_from_statement module_name: (_) @from name: (_) @name)")) {
    const own = name?.childForFieldName("name")?.text ?? name?.text ?? "";
    found.set(name?.childForFieldName("alias")?.text ?? own, { from: from?.text ?? "", name: own });
  }
  for (const { from } of module.matches("(import_from_statement module_name: (_) @from (wildcard_import))"))
    if (from) found.set(`* of ${from.text}`, { from: from.text, name: "*" });
  for (const { name } of module.matches("(import_statement name: (_) @name)")) {
    const own = name?.childForFieldName("name")?.text ?? name?.text ?? "";
    const alias = name?.childForFieldName("alias")?.text;
    found.set(alias ?? own.split(".")[0] ?? own, { from: alias ? own : (own.split(".")[0] ?? own), name: "" });
  }
  return found;
}

/** Assignments to a plain name outside functions and classes, the first of each name. */
export function globalsOf(module: Module): Map<string, { name: Node; value: Node }> {
  const known = globals.get(module) ?? new Map<string, { name: Node; value: Node }>();
  if (globals.has(module)) return known;
  globals.set(module, known);
  for (const { left, right } of module.matches("(assignment left: (identifier) @left right: (_) @right)")) {
    if (left && right && isGlobal(left) && !known.has(left.text)) known.set(left.text, { name: left, value: right });
  }
  return known;
}

const globals = new WeakMap<Module, Map<string, { name: Node; value: Node }>>();

function isGlobal(node: Node): boolean {
  for (let one = node.parent, step = 0; one && step < 12; one = one.parent, step++) {
    if (/^(?:function_definition|class_definition|lambda)$/.test(one.type)) return false;
  }
  return true;
}
