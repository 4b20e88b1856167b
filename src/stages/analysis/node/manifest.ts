import { posix } from "node:path";
import { findNodeAtLocation, getNodeValue, type Node, parseTree } from "jsonc-parser";
import { lineAt } from "../facts.ts";
import type { View } from "../read.ts";
import type { Evidence } from "../schema.ts";

const { dirname } = posix;

/** A package.json, with the line of each thing in it. */
export interface Manifest {
  file: string;
  /** The folder it is in, "." for the root. */
  path: string;
  name: string | undefined;
  scripts: Record<string, string>;
  /** Packages that the program needs to run, and those that only its makers need. */
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  /** A value anywhere in it, as plain data; undefined where there is none. */
  get(...path: string[]): unknown;
  /** Points at a key. */
  at(path: string[], rule: string): Evidence;
}

/** Reads a package.json; undefined where it is broken beyond use. */
export function readManifest(view: View, file: string): Manifest | undefined {
  const text = view.text(file);
  const root = text === undefined ? undefined : parse(text);
  if (text === undefined || root?.type !== "object") return undefined;
  const get = (...path: string[]): unknown => {
    const node = findNodeAtLocation(root, path);
    return node && getNodeValue(node);
  };
  return {
    file,
    path: dirname(file),
    name: textOf(get("name")),
    scripts: texts(get("scripts")),
    dependencies: { ...texts(get("optionalDependencies")), ...texts(get("dependencies")) },
    devDependencies: texts(get("devDependencies")),
    get,
    at: (path, rule) => ({ file, line: lineAt(text, findNodeAtLocation(root, path)?.parent?.offset ?? 0), rule }),
  };
}

function parse(text: string): Node | undefined {
  try {
    return parseTree(text, [], { allowTrailingComma: true });
  } catch {
    // Nested deeper than the stack: nobody's package.json.
    return undefined;
  }
}

const textOf = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);

const texts = (value: unknown): Record<string, string> =>
  typeof value === "object" && value !== null
    ? Object.fromEntries(
        Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
      )
    : {};
