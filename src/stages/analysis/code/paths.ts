import { posix } from "node:path";
import type { Node } from "web-tree-sitter";
import { evaluate } from "./evaluate.ts";
import { argumentsOf, type Module, stringOf } from "./modules.ts";

const { dirname, isAbsolute, join, normalize } = posix;

/** A place for files, as far as the code shows it. */
export interface FilePlace {
  path: string;
  env: string | null;
  /** Whether the last part was not known, so that path is a folder. */
  open: boolean;
}

/** The folder to keep, where single files in it are written. */
export const folderOf = ({ path, open }: FilePlace) => (open || dirname(path) === "." ? path : dirname(path));

/** A path that an expression stands for, relative to the program's folder or absolute; the known part of it. */
export function pathOf(module: Module, node: Node | null | undefined): FilePlace | undefined {
  if (!node) return undefined;
  const parts = joined(node);
  if (parts) return joinParts(module, parts);
  const { env, literal } = evaluate(module, node);
  if (typeof literal?.value === "string" && literal.value !== "" && !literal.value.includes(":")) {
    return { path: normalize(literal.value).replace(/(.)\/$/, "$1"), env: env?.name ?? null, open: false };
  }
  const inside = node.type === "identifier" ? undefined : joined(literal?.node);
  return inside ? joinParts(module, inside) : undefined;
}

const joined = (node: Node | null | undefined): Node[] | undefined =>
  node?.type === "call_expression" &&
  /^(?:path\.|posix\.)?(?:join|resolve)$/.test(node.childForFieldName("function")?.text ?? "")
    ? argumentsOf(node)
    : undefined;

function joinParts(module: Module, parts: Node[]): FilePlace | undefined {
  let path = "";
  let env: string | null = null;
  for (const [index, part] of parts.entries()) {
    const base = /^(?:__dirname|import\.meta\.dirname)$/.test(part.text)
      ? dirname(module.path)
      : /^process\.cwd\(\)$/.test(part.text)
        ? "."
        : undefined;
    const value = base === undefined && stringOf(part) === undefined ? evaluate(module, part) : {};
    const text = base ?? stringOf(part) ?? (typeof value.literal?.value === "string" ? value.literal.value : undefined);
    if (text === undefined) return path === "" || path === "." ? undefined : { path: normalize(path), env, open: true };
    // A variable moves the folder that it names: with something known behind it, it is not the place's any more.
    env = value.env?.name ?? null;
    path = index === 0 || isAbsolute(text) ? text : join(path, text);
  }
  return path === "" ? undefined : { path: normalize(path).replace(/(.)\/$/, "$1"), env, open: false };
}
