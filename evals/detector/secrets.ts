import { filesWith, formsIn, formsOf } from "../../test/e2e/traces.ts";

/** Texts by the place where they were found. */
export type Texts = Readonly<Record<string, string>>;

/**
 * Where one of the values stands, in any of its forms, or the plain part of it: names of the texts, and paths of the files.
 * Never the value.
 */
export async function tracesOf(values: readonly string[], texts: Texts, ...folders: string[]): Promise<string[]> {
  const forms = [...new Set(values.flatMap((value) => [...escaped(value), ...plain(value)]).flatMap(formsOf))];
  const named = Object.entries(texts).filter(([, text]) => formsIn(text, forms).length > 0);
  const files = folders.length === 0 || forms.length === 0 ? [] : await filesWith(forms, ...folders);
  return [...named.map(([name]) => name), ...files];
}

/** A request to a model holds results that hold JSON: each of them escapes what is in it once more. */
function escaped(value: string): string[] {
  const levels = [value];
  for (let level = 0; level < 3; level++) levels.push(JSON.stringify(levels.at(-1)).slice(1, -1));
  return levels;
}

/** What no encoding changes, where it is long enough to be the value's alone. */
const plain = (value: string): string[] => value.match(/[A-Za-z0-9]{16,}/g) ?? [];
