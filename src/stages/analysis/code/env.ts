import type { Node } from "web-tree-sitter";
import { compare } from "../facts.ts";
import type { Evidence } from "../schema.ts";
import { keysOf, lookUp } from "./bindings.ts";
import { envName, isEnvObject } from "./env-object.ts";
import { evaluate } from "./evaluate.ts";
import { argumentsOf, at, type Code, type Module, stringOf } from "./modules.ts";
import { objectOf } from "./objects.ts";
import { strongest, type Usage, usageOf } from "./usage.ts";
import { wrapperOf } from "./wrappers.ts";

/** A variable that the program reads, wherever it does. */
export interface EnvRead {
  name: string;
  /** The strictest of its uses. */
  usage: Usage;
  evidence: Evidence[];
  /** What the code takes where it is missing, where that is a text. */
  fallback?: string;
}

interface Use {
  fallback?: string;
  name: string;
  usage: Usage;
  evidence: Evidence;
}

/** Every environment variable that the code reads, by name. */
export function envReads(code: Code): EnvRead[] {
  const uses = code.modules.flatMap((module) => [
    ...direct(module),
    ...destructured(module),
    ...wrapped(module),
    ...schemas(module),
  ]);
  const names = [...new Set(uses.map(({ name }) => name))].sort(compare);
  return names.flatMap((name) => {
    const own = uses.filter((use) => use.name === name);
    const usage = strongest(own.map((use) => use.usage));
    // What shows the strictest use comes first.
    const evidence = [...own.filter((use) => use.usage === usage), ...own].map((use) => use.evidence);
    const fallback = own.find((use) => use.fallback !== undefined)?.fallback;
    if (usage === "none") return [];
    return [{ name, usage, evidence: distinct(evidence).slice(0, 3), ...(fallback !== undefined && { fallback }) }];
  });
}

const distinct = (evidence: Evidence[]) =>
  evidence.filter(
    (one, index) => evidence.findIndex(({ file, line }) => file === one.file && line === one.line) === index,
  );

const capital = /^[A-Z][A-Z0-9_]{1,79}$/;

function direct(module: Module): Use[] {
  const found = module.matches(`
    (member_expression property: (property_identifier) @name (#match? @name "^[A-Z][A-Z0-9_]+$")) @read
    (subscript_expression index: (string) @name) @read
    (call_expression function: (member_expression property: (property_identifier) @get (#eq? @get "get"))) @read`);
  return found.flatMap(({ read }) => {
    const name = read && envName(module, read);
    if (!read || !name || !capital.test(name)) return [];
    const usage = usageOf(read, (local) => usesOf(module, local));
    const evidence = at(module, read.childForFieldName("property") ?? read, "read from the environment");
    const instead =
      read.parent?.type === "binary_expression" ? evaluate(module, read.parent).literal?.value : undefined;
    return [{ name, usage, evidence, ...(typeof instead === "string" && { fallback: instead }) }];
  });
}

function destructured(module: Module): Use[] {
  return module
    .matches("(variable_declarator name: (object_pattern) @pattern value: (_) @value)")
    .flatMap(({ pattern, value }) => {
      if (!pattern || !value || !isEnvObject(module, value)) return [];
      return keysOf(pattern).flatMap(({ key, local, fallback, node }) => {
        if (!capital.test(key)) return [];
        const usage = fallback ? "optional" : strongest(usesOf(module, local).map((use) => usageOf(use)));
        return [{ name: key, usage, evidence: at(module, node, "taken from the environment") }];
      });
    });
}

function wrapped(module: Module): Use[] {
  return module.matches("(call_expression function: (identifier) @called) @call").flatMap(({ called, call }) => {
    const wrapper = call && wrapperOf(module, called);
    if (!wrapper) return [];
    const given = argumentsOf(call);
    const name = stringOf(given[wrapper.name]);
    if (name === undefined || !capital.test(name)) return [];
    const hasDefault = wrapper.defaults && given.length > wrapper.name + 1;
    const usage = hasDefault
      ? "optional"
      : wrapper.throws
        ? "demanded"
        : usageOf(call, (local) => usesOf(module, local));
    return [
      { name, usage, evidence: at(module, given[wrapper.name] ?? call, `read by ${called?.text.slice(0, 60)}()`) },
    ];
  });
}

/** Keys of an object that a validator (zod, envalid, t3-env, joi …) checks the environment against. */
function schemas(module: Module): Use[] {
  return module.matches("(call_expression) @call").flatMap(({ call }) => {
    const called = call?.childForFieldName("function");
    if (
      !call ||
      !called ||
      !/(?:parse|cleanEnv|createEnv|validate|object|envsafe|load)(?:Async|Env)?$/.test(called.text.slice(-60))
    )
      return [];
    const given = argumentsOf(call);
    if (!given.some((one) => isEnvObject(module, one)) && !/createEnv$/.test(called.text)) return [];
    const shapes = [called, ...given].flatMap((node) => shapeOf(module, node));
    return shapes.flatMap((shape) => shape.node.namedChildren.flatMap((pair) => schemaKey(shape.module, pair)));
  });
}

function schemaKey(module: Module, pair: Node): Use[] {
  const key = pair.childForFieldName("key");
  const name = key?.text.replace(/^["']|["']$/g, "") ?? "";
  const rule = pair.childForFieldName("value");
  if (!key || !rule) return [];
  if (/^(?:server|client|shared)$/.test(name) && rule.type === "object")
    return rule.namedChildren.flatMap((inner) => schemaKey(module, inner));
  if (!capital.test(name)) return [];
  const usage = /optional\(|default\(|\bdefault:|devDefault:|nullish\(|catch\(/.test(rule.text)
    ? "optional"
    : "demanded";
  return [{ name, usage, evidence: at(module, key, "checked by a schema of the environment") }];
}

/** The object literal inside `z.object({…})`, `schema.parse`, `createEnv({ server: {…} })`, as far as one is there. */
function shapeOf(module: Module, node: Node): { module: Module; node: Node }[] {
  const direct = objectOf(module, node);
  if (direct) return [direct];
  if (node.type === "member_expression") return shapeOf(module, node.childForFieldName("object") ?? node);
  if (node.type === "call_expression" && /object$/.test(node.childForFieldName("function")?.text ?? "")) {
    return argumentsOf(node).flatMap((one) => (one.type === "object" ? [{ module, node: one }] : []));
  }
  const binding = node.type === "identifier" ? lookUp(module, node.text) : undefined;
  return binding && binding.node.type !== "identifier" ? shapeOf(binding.module, binding.node) : [];
}

/** Where a name is used in its module, its declaration apart. */
function usesOf(module: Module, name: string): Node[] {
  return module
    .matches(`((identifier) @use (#eq? @use ${JSON.stringify(name)}))`)
    .flatMap(({ use }) => (use && !use.parent?.childForFieldName("name")?.equals(use) ? [use] : []))
    .slice(0, 50);
}
