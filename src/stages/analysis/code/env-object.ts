import type { Node } from "web-tree-sitter";
import { lookUp } from "./bindings.ts";
import { argumentsOf, type Module, stringOf } from "./modules.ts";
import { maxSteps } from "./objects.ts";

/** The name of the variable that this very expression reads: `env.X`, `env["X"]`, `import.meta.env.X`, `Deno.env.get("X")`. */
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
  const object = node.childForFieldName("object");
  if (name === "BASE_URL" && object?.text === "import.meta.env") return undefined; // Vite's own: the path that it serves under
  return isEnvObject(module, object, steps) ? name : undefined;
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
