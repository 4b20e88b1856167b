import type { Node } from "web-tree-sitter";
import { argumentsOf, type Module, stringOf } from "./modules.ts";

/** What a name stands for in a module: an expression or function, or a key of what a destructured expression gives. */
export interface Binding {
  module: Module;
  node: Node;
  /** For `const { port } = X`: "port", with X as node. */
  key?: string;
  /** For `{ port = 3000 }`: 3000. */
  fallback?: Node;
}

const tables = new WeakMap<Module, Map<string, Binding>>();

/** What a name means in this module, or in the module that it is imported from. The first declaration of a name counts. */
export function lookUp(module: Module, name: string): Binding | undefined {
  const known = tables.get(module);
  if (known) return known.get(name);
  // Known before it is filled: modules may import each other.
  const table = new Map<string, Binding>();
  tables.set(module, table);
  fill(table, module);
  return table.get(name);
}

const declared = `
  (variable_declarator name: (_) @name value: (_) @value)
  (function_declaration name: (identifier) @function) @declaration
  (import_statement (import_clause) @clause source: (string) @source)
  (assignment_pattern left: (_) @parameter right: (_) @default)`;
const declaredTyped = `${declared}
  (required_parameter pattern: (_) @parameter value: (_) @default)`;

function fill(table: Map<string, Binding>, module: Module): void {
  const add = (name: string, binding: Binding) => {
    if (!table.has(name)) table.set(name, binding);
  };
  for (const found of module.matches(/\.[cm]?tsx?$/.test(module.path) ? declaredTyped : declared)) {
    if (found["name"] && found["value"]) addPattern(module, found["name"], found["value"], add);
    else if (found["function"] && found["declaration"])
      add(found["function"].text, { module, node: found["declaration"] });
    else if (found["parameter"]?.type === "identifier" && found["default"] && isParameter(found["parameter"])) {
      add(found["parameter"].text, { module, node: found["default"] });
    } else if (found["clause"]) addImports(module, found["clause"], stringOf(found["source"]) ?? "", add);
  }
}

const isParameter = (pattern: Node) => {
  const holder = pattern.parent?.type === "assignment_pattern" ? pattern.parent.parent : pattern.parent;
  return holder?.type === "formal_parameters" || holder?.type === "required_parameter";
};

type Add = (name: string, binding: Binding) => void;

function addPattern(module: Module, pattern: Node, value: Node, add: Add): void {
  const required = requiredModule(module, value);
  if (pattern.type === "identifier") {
    add(pattern.text, (required && exported(required, "default")) ?? { module, node: value });
  }
  for (const { key, local, fallback } of keysOf(pattern)) {
    const binding = required && exported(required, key);
    add(local, binding ?? { module, node: value, key, ...(fallback && { fallback }) });
  }
}

/** The keys that an object pattern takes, and under which name: `{ a, b = 1, c: d, e: f = 2 }`. */
export function keysOf(pattern: Node): { key: string; local: string; fallback?: Node; node: Node }[] {
  if (pattern.type !== "object_pattern") return [];
  return pattern.namedChildren.flatMap((child) => {
    const target = child.type === "pair_pattern" ? child.childForFieldName("value") : child;
    const key = child.childForFieldName("key")?.text ?? (target?.childForFieldName("left") ?? target)?.text;
    const local = (target?.childForFieldName("left") ?? target)?.text;
    const fallback = target?.childForFieldName("right");
    return key && local && child.type !== "rest_pattern"
      ? [{ key, local, node: child, ...(fallback && { fallback }) }]
      : [];
  });
}

function requiredModule(module: Module, value: Node): Module | undefined {
  const call = value.type === "await_expression" ? value.namedChild(0) : value;
  if (call?.type !== "call_expression" || !/^(?:require|import)$/.test(call.childForFieldName("function")?.text ?? ""))
    return undefined;
  return module.resolve(stringOf(argumentsOf(call)[0]) ?? "");
}

function addImports(module: Module, clause: Node, source: string, add: Add): void {
  const from = module.resolve(source);
  if (!from) return;
  for (const child of clause.namedChildren) {
    if (child.type === "identifier") bind(child.text, "default");
    for (const one of child.type === "named_imports" ? child.namedChildren : []) {
      const name = one.childForFieldName("name")?.text ?? "";
      bind(one.childForFieldName("alias")?.text ?? name, name);
    }
  }
  function bind(local: string, name: string) {
    const binding = from && exported(from, name);
    if (binding) add(local, binding);
  }
}

const exporting = `
  (export_statement value: (_) @default)
  (export_statement "default" declaration: (_) @default)
  (assignment_expression left: (member_expression) @target right: (_) @value)`;

const exportTables = new WeakMap<Module, Map<string, Node>>();

/** `export default X`, `module.exports = X`, `exports.name = X`: the expression by name. */
function exportsOf(module: Module): Map<string, Node> {
  const known = exportTables.get(module);
  if (known) return known;
  const table = new Map<string, Node>();
  exportTables.set(module, table);
  for (const { default: whole, target, value } of module.matches(exporting)) {
    const name = target && /^(?:module\.)?exports(?:\.(\w+))?$/.exec(target.text.slice(0, 100));
    if (whole) table.set("default", whole);
    else if (name && value) table.set(name[1] ?? "default", value);
  }
  return table;
}

/** What a module exports under a name; `module.exports = { name: … }` counts too. */
export function exported(module: Module, name: string): Binding | undefined {
  const node = exportsOf(module).get(name);
  if (node) return { module, node };
  const own = name === "default" ? undefined : lookUp(module, name);
  const whole = exportsOf(module).get("default");
  return own ?? (whole && name !== "default" ? { module, node: whole, key: name } : undefined);
}
