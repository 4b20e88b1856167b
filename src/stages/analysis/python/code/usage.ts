import type { Node } from "web-tree-sitter";
import { strongest, type Usage } from "../../code/usage.ts";
import type { Module } from "./modules.ts";

/** How a place in the code treats a value that may be missing; `raises`: reading it fails where it is. */
export function usageOf(module: Module, read: Node, raises: boolean): Usage {
  const guarded = isGuarded(read);
  if (raises) return guarded ? "optional" : "demanded";
  const usage = treatment(module, read, true);
  return usage === "plain" && guarded ? "optional" : usage;
}

function treatment(module: Module, read: Node, follow: boolean): Usage {
  let node = read;
  for (let step = 0; step < 10; step++) {
    const { parent } = node;
    if (!parent) return "plain";
    switch (parent.type) {
      case "parenthesized_expression":
      case "keyword_argument":
        break;
      case "boolean_operator":
        if (parent.childForFieldName("left")?.equals(node)) return "optional";
        break;
      case "not_operator":
      case "comparison_operator":
      case "if_statement":
        return conditionOf(parent.type === "if_statement" ? node : parent);
      case "conditional_expression":
      case "if_clause":
        return "optional";
      case "assignment": {
        const name = parent.childForFieldName("left");
        if (name?.equals(node)) return "none";
        if (!follow || name?.type !== "identifier") return "plain";
        const uses = usesOf(module, name.text).filter((use) => !use.equals(name));
        const usages = uses.map((use) => treatment(module, use, false));
        // What is only handed on somewhere else is not known to be needed or not.
        return usages.length === 0 ? "plain" : strongest(usages);
      }
      case "argument_list": {
        const called = parent.parent?.childForFieldName("function")?.text ?? "";
        if (/^(?:print|log(?:ger|ging)?\.\w+)$/.test(called)) return "none";
        if (!/^(?:int|float|str|bool|json\.loads|Path)$/.test(called) || !parent.parent) return "plain";
        node = parent.parent;
        continue;
      }
      case "assert_statement":
        return "demanded";
      default:
        return "plain";
    }
    node = parent;
  }
  return "plain";
}

/** A condition that ends the program where the value is missing demands it; any other copes without. */
function conditionOf(test: Node): Usage {
  let node = test;
  for (let step = 0; step < 6 && node.parent; step++) {
    const { parent } = node;
    if (parent.type === "if_statement") {
      const negative = /^not\b|\bis None\b|\bnot\s|==\s*(?:""|'')/.test(test.text);
      const body = parent.childForFieldName("consequence")?.text ?? "";
      return negative && /^\s*(?:raise\b|sys\.exit|exit\(|quit\()/m.test(body.slice(0, 1000)) ? "demanded" : "optional";
    }
    if (parent.type === "assert_statement") return "demanded";
    if (!/^(?:parenthesized_expression|boolean_operator|not_operator|comparison_operator)$/.test(parent.type))
      return "optional";
    node = parent;
  }
  return "optional";
}

/** Whether a place is only reached under a condition, or its failure is caught. */
function isGuarded(read: Node): boolean {
  for (let node = read, step = 0; node.parent && step < 14; step++) {
    const { parent } = node;
    if (/^(?:function_definition|class_definition|module)$/.test(parent.type)) return false;
    if (parent.type === "try_statement")
      return parent.namedChildren.some(
        (one) => one.type === "except_clause" && /KeyError|except\s*:|Exception/.test(one.text.slice(0, 80)),
      );
    const test = parent.childForFieldName("condition");
    if (/^(?:if_statement|elif_clause)$/.test(parent.type) && !test?.equals(node))
      return !/__main__/.test(test?.text ?? "");
    if (parent.type === "conditional_expression") return !parent.namedChild(1)?.equals(node);
    node = parent;
  }
  return false;
}

const usesOf = (module: Module, name: string): Node[] =>
  module
    .matches(`((identifier) @use (#eq? @use ${JSON.stringify(name)}))`)
    .flatMap(({ use }) => (use ? [use] : []))
    .slice(0, 50);
