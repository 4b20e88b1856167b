import { basename } from "node:path";
import type { Host } from "../../host/host.ts";
import { sh } from "../../host/quote.ts";

/** A file that the proxy reads for each request, and what stands in it. */
export interface Upstream {
  file: string;
  content: string;
}

/** Of services, given by their first replica's file: the files of all replicas that are there, of more than are planned too. */
export async function readUpstreams(host: Host, firsts: readonly string[]): Promise<Upstream[]> {
  if (firsts.length === 0) return [];
  const printed = await host.read(
    sh(
      'for first; do for f in "$first" "$first".*; do [ -f "$f" ] || continue; echo "$f"; head -c 200 "$f" | head -n 1; echo; done; done',
      ...firsts,
    ),
  );
  return parseUpstreams(printed, firsts);
}

/** Pure. A path, what stands there, an empty line or the end; whatever else lies beside them is none of them. */
export function parseUpstreams(printed: string, firsts: readonly string[]): Upstream[] {
  return printed
    .split(/^(?=\/)/m)
    .map((part) => part.split("\n"))
    .flatMap(([file = "", content = ""]) => (firsts.includes(firstOf(file)) ? [{ file, content }] : []));
}

/** The file of the first replica, by that of any; of a name that is none, the name itself. */
export const firstOf = (file: string): string => (/\.\d+$/.test(basename(file)) ? file.replace(/\.\d+$/, "") : file);
