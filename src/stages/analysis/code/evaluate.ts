import type { Node } from "web-tree-sitter";
import { type Binding, lookUp } from "./bindings.ts";
import { argumentsOf, type Module, stringOf } from "./modules.ts";
import { wrapperOf } from "./wrappers.ts";

/** A place in the code. */
export interface Place {
  module: Module;
  node: Node;
}

/** What an expression comes to, as far as it can be read without running it: a variable, a literal, or one in place of the other. */
export interface Value {
  env?: Place & { name: string };
  literal?: Place & { value: string | number };
}

/** How many steps (names, calls, imports) are followed: real code needs five or six. */
const maxSteps = 12;

/** Follows an expression through names, imports and simple calls to the environment variable and the default that it stands for. */
export function evaluate(module: Module, node: Node | null | undefined, steps = maxSteps): Value {
  if (!node || steps <= 0) return {};
  const follow = (next: Node | null | undefined) => evaluate(module, next, steps - 1);
  const name = envName(module, node, steps - 1);
  if (name !== undefined) return { env: { module, node, name } };
  switch (node.type) {
    case "number":
      return { literal: { module, node, value: Number(node.text.replaceAll("_", "")) } };
    case "string":
    case "template_string": {
      const text = stringOf(node);
      return text === undefined ? {} : { literal: { module, node, value: text } };
    }
    case "parenthesized_expression":
    case "as_expression":
    case "satisfies_expression":
    case "non_null_expression":
    case "await_expression":
      return follow(node.namedChild(0));
    case "unary_expression":
      return follow(node.childForFieldName("argument"));
    case "binary_expression":
      return merge(follow(node.childForFieldName("left")), follow(node.childForFieldName("right")));
    case "ternary_expression":
      return merge(
        follow(node.childForFieldName("condition")),
        follow(node.childForFieldName("consequence")),
        follow(node.childForFieldName("alternative")),
      );
    case "identifier":
      return ofBinding(lookUp(module, node.text), steps - 1);
    case "member_expression": {
      const found = property(
        module,
        node.childForFieldName("object"),
        node.childForFieldName("property")?.text ?? "",
        steps - 1,
      );
      return found ? ofBinding(found, steps - 1) : {};
    }
    case "call_expression":
      return ofCall(module, node, steps - 1);
    default:
      return {};
  }
}

/** The first variable and the first literal of these. */
function merge(...values: Value[]): Value {
  const env = values.find((value) => value.env)?.env;
  const literal = values.find((value) => value.literal)?.literal;
  return { ...(env && { env }), ...(literal && { literal }) };
}

function ofBinding(binding: Binding | undefined, steps: number): Value {
  if (!binding || steps <= 0) return {};
  const { module, node, key, fallback } = binding;
  if (key === undefined) return evaluate(module, node, steps);
  const otherwise = fallback ? evaluate(module, fallback, steps) : {};
  if (isEnvObject(module, node, steps)) return { ...otherwise, env: { module, node, name: key } };
  const found = property(module, node, key, steps);
  return merge(found ? ofBinding(found, steps) : {}, otherwise);
}

function ofCall(module: Module, call: Node, steps: number): Value {
  const called = call.childForFieldName("function");
  const wrapper = wrapperOf(module, called);
  const given = argumentsOf(call);
  if (wrapper) {
    const name = stringOf(given[wrapper.name]);
    const rest = given.filter((_, index) => index > wrapper.name).map((one) => evaluate(module, one, steps));
    return name === undefined ? {} : merge({ env: { module, node: call, name } }, ...rest);
  }
  // `Number(x)`, `parseInt(x, 10)`, `path.resolve(x)`: the first argument tells. `x.trim()`: the object does.
  if (called?.type === "member_expression" && !/^(?:path|Number|String|z|posix)\b/.test(called.text)) {
    return evaluate(module, called.childForFieldName("object"), steps);
  }
  return evaluate(module, given[0], steps);
}

/** The name of the variable that this very expression reads: `process.env.X`, `env["X"]`, `import.meta.env.X`, `Deno.env.get("X")`. */
export function envName(module: Module, node: Node, steps = maxSteps): string | undefined {
  if (node.type === "call_expression") {
    const called = node.childForFieldName("function")?.text ?? "";
    return /^(?:Deno|Netlify)\.env\.get$/.test(called) ? stringOf(argumentsOf(node)[0]) : undefined;
  }
  const name =
    node.type === "member_expression"
      ? node.childForFieldName("property")?.text
      : node.type === "subscript_expression"
        ? stringOf(node.childForFieldName("index"))
        : undefined;
  if (name === undefined || !/^[A-Za-z_]\w{0,99}$/.test(name)) return undefined;
  return isEnvObject(module, node.childForFieldName("object"), steps) ? name : undefined;
}

/** Whether an expression is the environment itself, by whatever name. */
export function isEnvObject(module: Module, node: Node | null | undefined, steps = maxSteps): boolean {
  if (!node || steps <= 0) return false;
  if (/^(?:(?:globalThis\.)?process\??\.env|import\.meta\.env|Bun\.env)$/.test(node.text.slice(0, 40)))
    return node.type !== "identifier";
  if (node.type !== "identifier") return false;
  const binding = lookUp(module, node.text);
  if (!binding) return /^(?:env|processEnv)$/.test(node.text);
  return binding.key === "env"
    ? /^process$|^require\(/.test(binding.node.text)
    : binding.key === undefined && isEnvObject(binding.module, binding.node, steps - 1);
}

/** A property of the object that an expression stands for: of a literal, or of what a function of ours returns. */
export function property(
  module: Module,
  node: Node | null | undefined,
  key: string,
  steps = maxSteps,
): Binding | undefined {
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
function returned(fn: Node): Node | null | undefined {
  const body = fn.childForFieldName("body");
  if (body?.type !== "statement_block") return body;
  return body.namedChildren.findLast((child) => child.type === "return_statement")?.namedChild(0);
}
