import { posix } from "node:path";
import { isExampleFile } from "./env-names.ts";
import type { EnvFinding } from "./findings.ts";
import type { View } from "./read.ts";

const { dirname } = posix;

/** The names, never the values, in files such as .env.example in a folder or above it; commented-out ones too. */
export function exampleNames(view: View, folder: string): EnvFinding[] {
  const files = view.files.filter(({ path }) => isExampleFile(path) && [folder, "."].includes(dirname(path)));
  const found: EnvFinding[] = [];
  for (const { path } of files.slice(0, 10)) {
    const lines = (view.text(path) ?? "").split("\n").slice(0, 2000);
    for (const [index, line] of lines.entries()) {
      const name = /^\s*(?:#\s?)?(?:export\s+)?([A-Z][A-Z0-9_]{1,79})\s*=/.exec(line)?.[1];
      if (name !== undefined)
        found.push({
          name,
          usage: "listed",
          evidence: [{ file: path, line: index + 1, rule: "listed for people to fill in" }],
        });
    }
  }
  return found;
}
