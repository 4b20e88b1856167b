import type { Node } from "web-tree-sitter";
import { type Binding, lookUp } from "./bindings.ts";
import { envName, isEnvObject } from "./env-object.ts";
import { argumentsOf, type Module, stringOf } from "./modules.ts";
import { maxSteps, type Place, property, returned } from "./objects.ts";
import { wrapperOf } from "./wrappers.ts";

/** What an expression comes to, as far as it can be read without running it: a variable, a literal, or one in place of the other. */
export interface Value {
  env?: Place & { name: string };
  literal?: Place & { value: string | number };
}

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
      return ofName(module, node.text);
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

const names = new WeakMap<Module, Map<string, Value>>();

/** Each name is followed once: a chain of names that each stand for two others would else take for ever, a circle too. */
function ofName(module: Module, name: string): Value {
  const known = names.get(module) ?? new Map<string, Value>();
  names.set(module, known);
  const value = known.get(name);
  if (value) return value;
  known.set(name, {});
  const found = ofBinding(lookUp(module, name), maxSteps);
  known.set(name, found);
  return found;
}

function ofBinding(binding: Binding | undefined, steps: number): Value {
  if (!binding || steps <= 0) return {};
  const { module, node, key, fallback } = binding;
  if (key === undefined) return evaluate(module, node, steps);
  const otherwise = fallback ? evaluate(module, fallback, steps) : {};
  if (isEnvObject(module, node, steps)) return { ...otherwise, env: { module, node, name: key } };
  const found = property(module, node, key, steps);
  return merge(found ? ofBinding(found, steps - 1) : {}, otherwise);
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
  if (/^(?:require|import)$/.test(called?.text.slice(0, 10) ?? "")) return {};
  const own = called?.type === "identifier" && given.length === 0 ? lookUp(module, called.text) : undefined;
  if (own) return evaluate(own.module, returned(own.node), steps);
  // `Number(x)`, `parseInt(x, 10)`, `path.resolve(x)`: the first argument tells. `x.trim()`: the object does.
  if (called?.type === "member_expression" && !/^(?:path|Number|String|z|posix)\b/.test(called.text)) {
    return evaluate(module, called.childForFieldName("object"), steps);
  }
  return evaluate(module, given[0], steps);
}
