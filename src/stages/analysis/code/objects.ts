import type { Node } from "web-tree-sitter";
import { type Binding, lookUp } from "./bindings.ts";
import { argumentsOf, type Module } from "./modules.ts";

/** A place in the code. */
export interface Place {
  module: Module;
  node: Node;
}

/** How many steps (names, calls, imports) are followed: real code needs five or six. */
export const maxSteps = 12;

/** A property of the object that an expression stands for: of a literal, or of what a function of ours returns. */
export function property(
  module: Module,
  node: Node | null | undefined,
  key: string,
  steps = maxSteps,
): Binding | undefined {
  if (isThis(module, node)) return ownProperty(module, key);
  const object = objectOf(module, node, steps);
  for (const pair of object?.node.namedChildren ?? []) {
    if (!object) break;
    if (pair.type === "pair" && pair.childForFieldName("key")?.text.replace(/^["']|["']$/g, "") === key) {
      const value = pair.childForFieldName("value");
      return value ? { module: object.module, node: value } : undefined;
    }
    if (pair.type === "shorthand_property_identifier" && pair.text === key) return lookUp(object.module, key);
  }
  return undefined;
}

/** `this`, or a name that was given to it: `const self = this`. */
function isThis(module: Module, node: Node | null | undefined): boolean {
  const named = node?.type === "identifier" ? lookUp(module, node.text) : undefined;
  return (named && named.key === undefined ? named.node : node)?.type === "this";
}

const assigned =
  "(assignment_expression left: (member_expression object: (this) property: (_) @key) right: (_) @value)";
const fields = "(field_definition property: (_) @key value: (_) @value)";
const typedFields = "(public_field_definition name: (_) @key value: (_) @value)";

const ownProperties = new WeakMap<Module, Map<string, Binding | undefined>>();

/** What an object keeps under a name, where the whole module says that once: which of several classes it is, is not read. */
function ownProperty(module: Module, key: string): Binding | undefined {
  const table = ownProperties.get(module) ?? new Map<string, Binding | undefined>();
  if (ownProperties.has(module)) return table.get(key);
  ownProperties.set(module, table);
  const query = `${assigned} ${/\.[cm]?tsx?$/.test(module.path) ? typedFields : fields}`;
  for (const { key: name, value } of module.matches(query))
    if (name && value) table.set(name.text, table.has(name.text) ? undefined : { module, node: value });
  return table.get(key);
}

/** The object literal behind an expression. */
export function objectOf(module: Module, node: Node | null | undefined, steps = maxSteps): Place | undefined {
  if (!node || steps <= 0) return undefined;
  switch (node.type) {
    case "object":
      return { module, node };
    case "parenthesized_expression":
    case "as_expression":
    case "satisfies_expression":
    case "await_expression":
      return objectOf(module, node.namedChild(0), steps - 1);
    case "identifier": {
      const binding = lookUp(module, node.text);
      return binding && ofKey(binding, steps - 1);
    }
    case "member_expression": {
      const found = property(
        module,
        node.childForFieldName("object"),
        node.childForFieldName("property")?.text ?? "",
        steps - 1,
      );
      return found && ofKey(found, steps - 1);
    }
    case "call_expression": {
      const called = node.childForFieldName("function");
      if (/^Object\.freeze$|^defineConfig$/.test(called?.text ?? ""))
        return objectOf(module, argumentsOf(node)[0], steps - 1);
      const target = called?.type === "identifier" ? lookUp(module, called.text) : undefined;
      return target && objectOf(target.module, returned(target.node), steps - 1);
    }
    default:
      return undefined;
  }
}

function ofKey({ module, node, key }: Binding, steps: number): Place | undefined {
  if (key === undefined) return objectOf(module, node, steps);
  const found = property(module, node, key, steps);
  return found && objectOf(found.module, found.node, steps - 1);
}

/** What a function gives back: an arrow's expression, or the argument of its last return. */
export function returned(fn: Node): Node | null | undefined {
  const body = fn.childForFieldName("body");
  if (body?.type !== "statement_block") return body;
  return body.namedChildren.findLast((child) => child.type === "return_statement")?.namedChild(0);
}
