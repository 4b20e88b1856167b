import { filesWith, formsIn, formsOf } from "../../test/e2e/traces.ts";

/** Texts by the place where they were found. */
export type Texts = Readonly<Record<string, string>>;

/** Where one of the values stands, in any of its forms: names of the texts, and paths of the files. Never the value. */
export async function tracesOf(values: readonly string[], texts: Texts, ...folders: string[]): Promise<string[]> {
  const forms = values.flatMap(formsOf);
  const named = Object.entries(texts).filter(([, text]) => formsIn(text, forms).length > 0);
  const files = folders.length === 0 || forms.length === 0 ? [] : await filesWith(forms, ...folders);
  return [...named.map(([name]) => name), ...files];
}
