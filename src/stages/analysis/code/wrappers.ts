import type { Node } from "web-tree-sitter";
import { lookUp } from "./bindings.ts";
import type { Module } from "./modules.ts";

/** A function of the program that reads the variable it is given the name of: `requireEnv("X")`, `env("PORT", 3000)`. */
export interface Wrapper {
  /** Which argument is the name. */
  name: number;
  /** Whether it refuses to go on without a value. */
  throws: boolean;
  /** Whether a second argument, or a value of its own, stands in for a missing one. */
  defaults: boolean;
}

const known = new WeakMap<Module, Map<string, Wrapper | undefined>>();

export function wrapperOf(module: Module, called: Node | null | undefined): Wrapper | undefined {
  if (called?.type !== "identifier") return undefined;
  const names = known.get(module) ?? new Map<string, Wrapper | undefined>();
  known.set(module, names);
  if (!names.has(called.text)) {
    names.set(called.text, undefined);
    const binding = lookUp(module, called.text);
    if (binding && binding.key === undefined) names.set(called.text, readWrapper(binding.node));
  }
  return names.get(called.text);
}

function readWrapper(fn: Node): Wrapper | undefined {
  if (!/^(?:function_declaration|arrow_function|function_expression|function)$/.test(fn.type)) return undefined;
  const parameters = parameterNames(fn);
  const body = fn.childForFieldName("body");
  if (!body || body.endIndex - body.startIndex > 2000) return undefined;
  const read = /(?:\benv|\bimport\.meta\.env)\s*\[\s*(\w+)\s*\]|env\.get\(\s*(\w+)\s*\)/.exec(body.text);
  const name = parameters.indexOf(read?.[1] ?? read?.[2] ?? "");
  if (name < 0) return undefined;
  const throws = /\bthrow\b|process\.exit|\bassert\b|invariant\(/.test(body.text);
  const others = parameters.filter((parameter, index) => index > name && parameter !== "");
  const defaults = /\?\?|\|\|/.test(body.text) || others.some((other) => new RegExp(`\\b${other}\\b`).test(body.text));
  return { name, throws, defaults };
}

/** Names by position; "" for a pattern. */
function parameterNames(fn: Node): string[] {
  const single = fn.childForFieldName("parameter");
  if (single) return [single.text];
  return (fn.childForFieldName("parameters")?.namedChildren ?? [])
    .filter((child) => child.type !== "comment")
    .map((child) => child.childForFieldName("pattern") ?? child.childForFieldName("left") ?? child)
    .map((child) => (/^\w+$/.test(child.text) ? child.text : ""));
}
