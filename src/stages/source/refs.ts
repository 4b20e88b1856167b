import { BerthError } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";

/** What is to be fetched: `want` is a full ref or an object id that the server knows. */
export interface Wanted {
  want: string;
  /** The commit, where the server said it; null for an abbreviated one, which only a whole copy can tell. */
  commit: string | null;
  /** The branch or tag as people write it; null for a commit or the default branch. */
  ref: string | null;
  path: string | null;
}

/** The refs of a server: name → object id, a tag's commit in place of the tag. */
export function parseRefs(listing: string): Map<string, string> {
  const refs = new Map<string, string>();
  for (const line of listing.split("\n")) {
    const [id, name] = line.split("\t");
    if (!id || !name || !/^[0-9a-f]{40,64}$/.test(id)) continue;
    // `refs/tags/v1^{}` follows `refs/tags/v1`: the commit that an annotated tag points at.
    refs.set(name.replace(/\^\{\}$/, ""), id);
  }
  return refs;
}

/** The ref that was asked for by name; of a page's address the longest ref that its path starts with. */
export function chooseRef(
  refs: Map<string, string>,
  { ref, refAndPath }: { ref: string | null; refAndPath: string | null },
): Wanted {
  if (ref === null && refAndPath === null)
    return { want: "HEAD", commit: refs.get("HEAD") ?? null, ref: null, path: null };
  if (ref !== null) return named(refs, ref, null) ?? commitLike(ref, null) ?? notFound(refs, ref);
  const parts = (refAndPath ?? "").split("/");
  for (let length = parts.length; length > 0; length--) {
    const wanted = named(refs, parts.slice(0, length).join("/"), parts.slice(length).join("/") || null);
    if (wanted) return wanted;
  }
  const [first = "", ...rest] = parts;
  return commitLike(first, rest.join("/") || null) ?? notFound(refs, refAndPath ?? "");
}

function named(refs: Map<string, string>, name: string, path: string | null): Wanted | undefined {
  for (const want of [`refs/heads/${name}`, `refs/tags/${name}`, name]) {
    const commit = want.startsWith("refs/") ? refs.get(want) : undefined;
    if (commit) return { want, commit, ref: name, path };
  }
  return undefined;
}

function commitLike(name: string, path: string | null): Wanted | undefined {
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(name)) return { want: name, commit: name, ref: null, path };
  return /^[0-9a-f]{7,39}$/.test(name) ? { want: name, commit: null, ref: null, path } : undefined;
}

function notFound(refs: Map<string, string>, name: string): never {
  const names = [...refs.keys()]
    .filter((ref) => /^refs\/(heads|tags)\//.test(ref))
    .map((ref) => ref.replace(/^refs\/\w+\//, ""));
  const near = nearest(name, names).map((ref) => cleanLine(ref, 100));
  throw new BerthError({
    code: "branch_not_found",
    message: "The repository has no branch, tag or commit of this name.",
    object: cleanLine(name),
    cause:
      names.length === 0
        ? "It has no branches at all: nothing was pushed to it yet."
        : `The closest of its ${names.length} branches and tags: ${near.join(", ")}.`,
    next: near[0] ? `Give one that exists, such as #${near[0]}.` : "Push a commit first.",
  });
}

/** At most five names, the closest first. */
function nearest(name: string, names: string[]): string[] {
  const cut = names
    .slice(0, 5000)
    .map((other) => ({ other, distance: distance(name.slice(0, 80).toLowerCase(), other.slice(0, 80).toLowerCase()) }));
  return cut
    .sort((a, b) => a.distance - b.distance || (a.other < b.other ? -1 : 1))
    .slice(0, 5)
    .map(({ other }) => other);
}

/** Levenshtein's: how many letters must be put in, left out or changed. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
