import type { Node } from "web-tree-sitter";
import { at } from "../../code/syntax.ts";
import type { Usage } from "../../code/usage.ts";
import type { Evidence } from "../../schema.ts";
import { callOf, importsOf, type Module, stringOf } from "./modules.ts";
import { evaluate } from "./values.ts";

interface Field {
  name: string;
  usage: Usage;
  evidence: Evidence;
  fallback?: string;
}

/** The fields of pydantic's settings classes: each is a variable of the same name, in capitals, behind the class's prefix. */
export function settingsFields(module: Module): Field[] {
  if (!module.text.includes("Settings")) return [];
  return module
    .matches("(class_definition superclasses: (argument_list) @bases body: (block) @body)")
    .flatMap(({ bases, body }) => {
      if (!bases || !body || !isSettings(module, bases, 4)) return [];
      const prefix = prefixOf(body);
      return body.namedChildren.flatMap((line) => fieldOf(module, prefix, line));
    });
}

/** `BaseSettings` of pydantic, or a class of this program that stands on it. */
function isSettings(module: Module, bases: Node, steps: number): boolean {
  if (steps === 0) return false;
  return bases.namedChildren.some((base) => {
    if (/(?:^|\.)BaseSettings$/.test(base.text)) return true;
    if (base.type !== "identifier") return false;
    const from = importsOf(module).get(base.text);
    const other = from ? module.resolve(from.from) : module;
    const above = other
      ?.matches("(class_definition name: (identifier) @name superclasses: (argument_list) @bases)")
      .find(({ name }) => name?.text === (from?.name ?? base.text));
    return other !== undefined && above?.["bases"] !== undefined && isSettings(other, above["bases"], steps - 1);
  });
}

const prefixOf = (body: Node): string => /\benv_prefix\s*=\s*["'](\w{0,60})["']/.exec(body.text)?.[1] ?? "";

function fieldOf(module: Module, prefix: string, line: Node): Field[] {
  const assignment = line.type === "expression_statement" ? line.namedChild(0) : undefined;
  const name = assignment?.type === "assignment" ? assignment.childForFieldName("left") : undefined;
  const type = assignment?.childForFieldName("type");
  if (!assignment || name?.type !== "identifier" || !type || /^(?:ClassVar|_)/.test(type.text)) return [];
  if (/^(?:_|model_config$)/.test(name.text)) return [];
  const value = assignment.childForFieldName("right");
  const field = value?.type === "call" && /(?:^|\.)Field$/.test(callOf(value).called) ? callOf(value) : undefined;
  const alias = stringOf(field?.keywords.get("validation_alias") ?? field?.keywords.get("alias"));
  const stands = field
    ? (field.args[0] ?? field.keywords.get("default") ?? field.keywords.get("default_factory"))
    : value;
  const optional = stands ? stands.text !== "..." : false;
  const literal = optional ? evaluate(module, stands).literal?.value : undefined;
  const variable = (alias ?? `${prefix}${name.text}`).toUpperCase();
  return [
    {
      name: variable,
      usage: optional ? "optional" : "demanded",
      evidence: at(module, alias ? (value ?? name) : name, `setting ${variable}`),
      ...(typeof literal === "string" && { fallback: literal }),
    },
  ];
}
