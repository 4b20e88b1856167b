import { BerthError } from "../../kit/error.ts";

/**
 * Services so that each comes after those it depends on; otherwise the plan's order stays. What is no service here (a
 * backing service, which is up before) counts as there. Throws `dependency_cycle`.
 */
export function inOrder<T extends { name: string; dependsOn: readonly string[] }>(services: readonly T[]): T[] {
  const ordered: T[] = [];
  let left = [...services];
  while (left.length > 0) {
    const waiting = new Set(left.map(({ name }) => name));
    const next = left.find(({ dependsOn }) => !dependsOn.some((name) => waiting.has(name)));
    if (!next) throw cycle([...waiting]);
    ordered.push(next);
    left = left.filter((service) => service !== next);
  }
  return ordered;
}

const cycle = (names: readonly string[]) =>
  new BerthError({
    code: "dependency_cycle",
    message: "Services of the plan wait for each other.",
    object: names.join(", "),
    cause: "Each of them depends, over others, on itself, so none can be first.",
    next: "Take one of the dependencies out of the source, and plan again.",
  });
