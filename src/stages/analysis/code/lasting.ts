import { compare } from "../facts.ts";
import type { Writable } from "../schema.ts";

/** What need not outlive a release. */
const passing =
  /^\/tmp(?:\/|$)|^\/dev\/|^\/proc\/|^\.?$|^\/$|(?:^|\/)(?:logs?|te?mp|\.?cache|dist|build|coverage|node_modules)(?:\/|$)|\.log$/i;

/** One entry a path, in order, of what must outlive a release. */
export function joinWritable(found: Writable[]): Writable[] {
  const lasting = found.filter(({ path }) => !passing.test(path) && !path.startsWith("../"));
  const byPath = new Map<string, Writable>();
  for (const one of lasting) {
    const known = byPath.get(one.path);
    if (!known) byPath.set(one.path, one);
    else
      byPath.set(one.path, {
        ...known,
        from_env: known.from_env ?? one.from_env,
        evidence: [...known.evidence, ...one.evidence].slice(0, 3),
      });
  }
  return [...byPath.values()].sort((a, b) => compare(a.path, b.path));
}
