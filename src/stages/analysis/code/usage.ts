import type { Node } from "web-tree-sitter";

/** How a place in the code treats a value that may be missing. */
export type Usage =
  /** It refuses to go on without it. */
  | "demanded"
  /** It goes on without it: there is a default, or it only asks whether it is there. */
  | "optional"
  /** It uses it as it is. */
  | "plain"
  /** It sets it, or only prints it. */
  | "none";

/** Reads the usage off the expressions and statements around; `follow` tells where a name takes the value further. */
export function usageOf(read: Node, follow: (name: string) => Node[] = () => []): Usage {
  const usage = treatment(read, follow);
  return usage === "plain" && isConditional(read) ? "optional" : usage;
}

function treatment(read: Node, follow: (name: string) => Node[]): Usage {
  let node = read;
  for (let step = 0; step < 10; step++) {
    const parent = node.parent;
    if (!parent) return "plain";
    const side = (field: string) => parent.childForFieldName(field)?.equals(node) ?? false;
    switch (parent.type) {
      case "parenthesized_expression":
      case "as_expression":
      case "satisfies_expression":
      case "await_expression":
      case "spread_element":
        break;
      case "non_null_expression":
        return "demanded";
      case "assignment_expression":
        if (side("left")) return "none";
        return "plain";
      case "augmented_assignment_expression":
      case "assignment_pattern":
        return "optional";
      case "binary_expression": {
        const operator = parent.childForFieldName("operator")?.text ?? "";
        if (!/^(?:\|\||\?\?)$/.test(operator))
          return /^(?:&&|[=!]==?|[<>]=?)$/.test(operator) ? conditionOf(parent) : "plain";
        if (side("left")) return refuses(parent.childForFieldName("right")) ? "demanded" : "optional";
        break;
      }
      case "unary_expression":
        if (/^[!]|^typeof/.test(parent.text)) return conditionOf(parent);
        break;
      case "if_statement":
        return conditionOf(node);
      case "ternary_expression":
        if (side("condition")) return "optional";
        break;
      case "member_expression":
        if (parent.children.some((child) => child.type === "optional_chain")) return "optional";
        return "plain";
      case "arguments": {
        const called = parent.parent?.childForFieldName("function")?.text ?? "";
        if (/^console\.|^(?:log|logger)\./.test(called)) return "none";
        if (/^(?:assert|invariant|ok|tiny-?invariant)(?:\.\w+)?$/.test(called)) return "demanded";
        if (!/^(?:Number|parseInt|parseFloat|String|Boolean|Number\.\w+|JSON\.parse)$/.test(called)) return "plain";
        if (!parent.parent) return "plain";
        node = parent.parent;
        continue;
      }
      case "variable_declarator": {
        const name = parent.childForFieldName("name");
        return name?.type === "identifier" ? strongest(follow(name.text).map((use) => usageOf(use))) : "plain";
      }
      default:
        return "plain";
    }
    node = parent;
  }
  return "plain";
}

/** Demanded outweighs optional, which outweighs a plain use. */
export function strongest(usages: Usage[]): Usage {
  return (
    (["demanded", "optional", "plain"] as const).find((usage) => usages.includes(usage)) ??
    (usages.length === 0 ? "plain" : "none")
  );
}

/** A condition that ends the program when the value is missing demands it; any other copes without. */
function conditionOf(test: Node): Usage {
  let node = test;
  for (let step = 0; step < 6 && node.parent; step++) {
    const { parent } = node;
    if (parent.type === "if_statement") {
      const negative = /!|[=]==?\s*(?:undefined|null|""|'')/.test(test.text);
      return negative && refuses(parent.childForFieldName("consequence")) ? "demanded" : "optional";
    }
    if (!/^(?:parenthesized_expression|binary_expression|unary_expression)$/.test(parent.type)) return "optional";
    node = parent;
  }
  return "optional";
}

/** Whether a branch itself ends the program: it throws, exits, or calls something that is named after that. */
function refuses(branch: Node | null): boolean {
  const statements = branch?.type === "statement_block" ? branch.namedChildren : branch ? [branch] : [];
  return statements.some((statement) => {
    const text = statement.text.slice(0, 200);
    return /^throw\b|^(?:await )?(?:process\.exit|[\w.]*(?:fail|die|panic|abort|missing|require|bail|fatal)\w*)\s*\(|^\(\s*\(\)\s*=>\s*\{\s*throw\b/i.test(
      text,
    );
  });
}

/** Whether a place is only reached under a condition, other than the question which environment this is. */
function isConditional(node: Node): boolean {
  let child = node;
  for (let step = 0; step < 12 && child.parent; step++) {
    const { parent } = child;
    if (/^(?:function_declaration|method_definition|program)$/.test(parent.type)) return false;
    const test = parent.childForFieldName("condition");
    if (/^(?:if_statement|ternary_expression)$/.test(parent.type) && test && !test.equals(child))
      return !/NODE_ENV|\bprod|\bisProd/i.test(test.text);
    if (parent.type === "switch_case") return true;
    child = parent;
  }
  return false;
}
