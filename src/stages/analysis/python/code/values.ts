import { posix } from "node:path";
import type { Node } from "web-tree-sitter";
import { type Call, callOf, globalsOf, importsOf, type Module, stringOf } from "./modules.ts";

const { dirname, isAbsolute, join, normalize } = posix;

/** What an expression comes to without running it: a variable of the environment, a literal, or one in place of the other. */
export interface Value {
  env?: { module: Module; node: Node; name: string };
  literal?: { module: Module; node: Node; value: string | number };
}

const maxSteps = 10;
const variable = /^[A-Za-z_]\w{0,99}$/;

/** How a function that reads a variable is called: of the standard library, decouple, environs, django-environ and starlette. */
const readers =
  /^(?:os\.environ\.get|environ\.get|os\.getenv|getenv|config|decouple\.config|env|env\.(?:str|int|bool|float|list|url|path|json|db|db_url|cache|cache_url|get_value)|environ\.Env\(\)|os\.environ\.setdefault)$/;

export interface EnvCall {
  name: string;
  /** The argument that names it. */
  at: Node;
  fallback: Node | undefined;
  /** It refuses to go on without a value: decouple and environs do. */
  strict: boolean;
}

/** The variable that a call reads, where it is known to read one. */
export function envCall(module: Module, call: Call): EnvCall | undefined {
  if (!readers.test(call.called) || /setdefault$/.test(call.called)) return undefined;
  const [first] = call.args;
  const name = stringOf(first);
  const own = call.called.split(".")[0] ?? "";
  // `config("x")` and `env("x")` are everybody's names: only what is imported, or made by a reader of the environment.
  if (!first || name === undefined || !variable.test(name) || (/^(?:config|env)$/.test(own) && !readsEnv(module, own)))
    return undefined;
  const fallback = call.args[1] ?? call.keywords.get("default");
  return { name, at: first, fallback, strict: !/^(?:os\.|environ\.get|getenv)/.test(call.called) };
}

function readsEnv(module: Module, name: string): boolean {
  const from = importsOf(module).get(name);
  if (from) {
    if (/^(?:decouple|environs|environ|starlette\.config)$/.test(from.from)) return true;
    const other = module.resolve(from.from);
    return other !== undefined && other !== module && readsEnv(other, from.name);
  }
  return /^(?:environ\.Env|Env|environs\.Env|Config|decouple\.AutoConfig|FileAwareEnv)\(/.test(
    globalsOf(module).get(name)?.value.text.slice(0, 40) ?? "",
  );
}

/** The variable that `os.environ["X"]` names. */
export function envSubscript(node: Node): { name: string; at: Node } | undefined {
  if (node.type !== "subscript" || !/^(?:os\.)?environ$/.test(node.childForFieldName("value")?.text ?? ""))
    return undefined;
  const at = node.childForFieldName("subscript");
  const name = stringOf(at);
  return at && name !== undefined && variable.test(name) ? { name, at } : undefined;
}

/** Follows an expression through names, imports and simple calls. */
export function evaluate(module: Module, node: Node | null | undefined, steps = maxSteps): Value {
  if (!node || steps <= 0) return {};
  const follow = (next: Node | null | undefined) => evaluate(module, next, steps - 1);
  const read = envSubscript(node);
  if (read) return { env: { module, node, name: read.name } };
  switch (node.type) {
    case "integer":
      return { literal: { module, node, value: Number(node.text.replaceAll("_", "")) } };
    case "string": {
      const text = stringOf(node);
      return text === undefined ? {} : { literal: { module, node, value: text } };
    }
    case "parenthesized_expression":
    case "await":
      return follow(node.namedChild(0));
    case "boolean_operator":
      return merge(follow(node.childForFieldName("left")), follow(node.childForFieldName("right")));
    case "conditional_expression":
      return merge(...node.namedChildren.map(follow));
    case "identifier":
      return ofName(module, node.text, steps - 1);
    case "call": {
      const call = callOf(node);
      const env = envCall(module, call);
      if (env) return merge({ env: { module, node, name: env.name } }, follow(env.fallback));
      return /^(?:int|str|Path|pathlib\.Path|os\.path\.\w+|PurePath)$/.test(call.called) ? follow(call.args[0]) : {};
    }
    default:
      return {};
  }
}

function merge(...values: Value[]): Value {
  const env = values.find((value) => value.env)?.env;
  const literal = values.find((value) => value.literal)?.literal;
  return { ...(env && { env }), ...(literal && { literal }) };
}

function ofName(module: Module, name: string, steps: number): Value {
  const own = globalsOf(module).get(name);
  if (own) return evaluate(module, own.value, steps);
  const from = importsOf(module).get(name);
  const other = from && from.name !== "" ? module.resolve(from.from) : undefined;
  const there = other && from ? globalsOf(other).get(from.name) : undefined;
  return other && there ? evaluate(other, there.value, steps) : {};
}

export interface FilePlace {
  path: string;
  env: string | null;
  /** The last part was not known, so that path is a folder. */
  open: boolean;
}

/** A path that an expression stands for, relative to the program's folder or absolute; the known part of it. */
export function pathOf(module: Module, node: Node | null | undefined, steps = maxSteps): FilePlace | undefined {
  if (!node || steps <= 0) return undefined;
  const parts = joined(node);
  if (parts) return joinParts(module, parts, steps - 1);
  const base = baseOf(module, node);
  if (base !== undefined) return { path: base, env: null, open: false };
  if (node.type === "identifier") {
    const own = globalsOf(module).get(node.text);
    const from = importsOf(module).get(node.text);
    const other = from && module.resolve(from.from);
    const there = other && from && globalsOf(other).get(from.name);
    if (own) return pathOf(module, own.value, steps - 1);
    return other && there ? pathOf(other, there.value, steps - 1) : undefined;
  }
  const wrapped =
    node.type === "call" && /^(?:str|Path|pathlib\.Path|os\.path\.(?:abspath|expanduser))$/.test(callOf(node).called);
  if (wrapped) return pathOf(module, callOf(node).args[0], steps - 1);
  const { env, literal } = evaluate(module, node);
  if (typeof literal?.value !== "string" || literal.value === "" || literal.value.includes(":")) return undefined;
  return { path: normalize(literal.value).replace(/(.)\/$/, "$1"), env: env?.name ?? null, open: false };
}

function joined(node: Node): Node[] | undefined {
  if (node.type === "binary_operator" && node.childForFieldName("operator")?.text === "/") {
    const [left, right] = [node.childForFieldName("left"), node.childForFieldName("right")];
    return left && right ? [left, right] : undefined;
  }
  if (node.type !== "call") return undefined;
  const call = callOf(node);
  if (/^os\.path\.join$|^path\.join$/.test(call.called)) return call.args;
  const on = node.childForFieldName("function")?.childForFieldName("object");
  return on && /\.joinpath$/.test(call.called) ? [on, ...call.args] : undefined;
}

/** `BASE_DIR = Path(__file__).resolve().parent.parent`, `os.getcwd()`: a folder of the source. */
function baseOf(module: Module, node: Node): string | undefined {
  const text = node.text.slice(0, 200);
  if (/^(?:os\.getcwd|Path\.cwd)\(\)$/.test(text)) return ".";
  if (!text.includes("__file__")) return undefined;
  const up = (text.match(/\.parent\b|dirname\(/g) ?? []).length;
  const numbered = /\.parents\[(\d)\]/.exec(text)?.[1];
  const levels = up + (numbered === undefined ? 0 : Number(numbered) + 1);
  let path = module.path;
  for (let level = 0; level < levels; level++) path = dirname(path);
  return levels === 0 ? undefined : path;
}

function joinParts(module: Module, parts: Node[], steps: number): FilePlace | undefined {
  let path = "";
  let env: string | null = null;
  for (const [index, part] of parts.entries()) {
    const place = pathOf(module, part, steps);
    if (!place) return path === "" || path === "." ? undefined : { path: normalize(path), env, open: true };
    // A variable moves the folder that it names: with something known behind it, it is not the place's any more.
    env = place.env;
    path = index === 0 || isAbsolute(place.path) ? place.path : join(path, place.path);
  }
  return path === "" ? undefined : { path: normalize(path).replace(/(.)\/$/, "$1"), env, open: false };
}
