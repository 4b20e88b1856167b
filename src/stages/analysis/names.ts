import { nameFrom } from "../source/name.ts";
import type { ServiceFindings } from "./findings.ts";

/**
 * Gives each service its name: the best that it may have, and where two would be called the same, the next best of both.
 * `kept`: names of what is no service.
 */
export function named(parts: ServiceFindings[], kept: readonly string[]): ServiceFindings[] {
  const candidates = parts.map(({ names }) => [...new Set(names.map(nameFrom))]);
  const level = candidates.map(() => 0);
  const nameAt = (n: number) => candidates[n]?.[level[n] ?? 0] ?? "app";
  const clashing = (n: number) =>
    (level[n] ?? 0) + 1 < (candidates[n]?.length ?? 0) &&
    (kept.includes(nameAt(n)) || parts.some((_, other) => other !== n && nameAt(other) === nameAt(n)));
  for (let found = parts.map((_, n) => n).filter(clashing); found.length > 0; ) {
    for (const n of found) level[n] = (level[n] ?? 0) + 1;
    found = parts.map((_, n) => n).filter(clashing);
  }
  const taken = [...kept];
  return parts.map((part, n) => {
    const name = unique(nameAt(n), taken);
    taken.push(name);
    return { ...part, service: { ...part.service, name } };
  });
}

/** What a program in a folder may be called: as its manifest says, as its folder is, as its whole path. */
export const namesFor = (path: string, stated: string | undefined, source: string): string[] => [
  ...(stated === undefined ? [] : [stated]),
  ...(path === "." ? (stated === undefined ? [source] : []) : [path, path.replaceAll("/", "-")]),
];

/** Still a DNS label of at most 40 letters. */
function unique(name: string, taken: readonly string[]): string {
  const numbered = (number: number) => `${name.slice(0, 39 - String(number).length).replace(/-+$/, "")}-${number}`;
  for (let number = 2, one = name; ; one = numbered(number++)) if (!taken.includes(one)) return one;
}
