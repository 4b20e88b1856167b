import type { Confidence, Evidence } from "./schema.ts";

/** A value, where it was read, and how sure it is. */
export interface Fact<T> {
  value: T;
  evidence: Evidence[];
  confidence: Confidence;
}

export const stated = <T>(value: T, ...evidence: Evidence[]): Fact<T> => ({ value, evidence, confidence: "stated" });
export const inferred = <T>(value: T, ...evidence: Evidence[]): Fact<T> => ({
  value,
  evidence,
  confidence: "inferred",
});
export const byDefault = <T>(value: T, ...evidence: Evidence[]): Fact<T> => ({
  value,
  evidence,
  confidence: "default",
});

export const compareEvidence = (a: Evidence, b: Evidence) =>
  compare(a.file, b.file) || a.line - b.line || compare(a.rule, b.rule);

/** By UTF-16 units: the same on every machine, whatever its locale. */
export const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** The line, from 1, on which an offset of a text lies. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

/** Evidence in each line of a text that matches, at most `most`. */
export function linesWith(file: string, text: string, pattern: RegExp, rule: string, most = 3): Evidence[] {
  const found: Evidence[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (found.length < most && pattern.test(line)) found.push({ file, line: index + 1, rule });
  }
  return found;
}
