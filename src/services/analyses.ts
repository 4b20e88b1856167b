import { stat } from "node:fs/promises";
import { BerthError } from "../kit/error.ts";
import { sharing } from "../kit/sharing.ts";
import { cleanLine } from "../kit/text.ts";
import { renderAnalysis } from "../stages/analysis/render.ts";
import { analysisLines } from "../store/analyses.ts";
import type { Berth } from "./berth.ts";
import { keptAnalysis } from "./kept-analyses.ts";
import type { GitCredentials } from "./source.ts";
import type { Analyses, AnalysisRecord } from "./surface.ts";

const listed = 50;

/** What sources hold. Git, and what reads code, are loaded with the first call that needs them. */
export function analysesOf(
  berth: Berth,
  { cwd, git, scrub }: { cwd: string; git: GitCredentials; scrub(text: string): string },
): Analyses {
  const { store } = berth;
  const shared = sharing<string>();
  const recall = async (source: string, signal: AbortSignal) => {
    const { recallSource } = await import("./analyze.ts");
    return recallSource(berth, source, { cwd, git, signal });
  };
  const lookInto = async (id: string) => {
    const [dir, pages] = await Promise.all([dirOf(berth, id), import("../stages/analysis/pages.ts")]);
    return { into: { dir, scrub }, pages };
  };
  return {
    analyze: async (source, signal) =>
      recordOf(berth, await shared(source.trim(), signal, (ended) => recall(source, ended))),
    get: (id) => recordOf(berth, id),
    list: () => analysisLines(store, listed),
    async files(id, folder) {
      const { into, pages } = await lookInto(id);
      return pages.namesIn(into, folder);
    },
    async page(id, path, from, lines) {
      const { into, pages } = await lookInto(id);
      return pages.pageOf(into, path, { from, lines });
    },
    async search(id, text, most) {
      const { into, pages } = await lookInto(id);
      return pages.linesWith(into, text, most);
    },
  };
}

function recordOf({ store }: Berth, wanted: string): AnalysisRecord {
  const { id, place, analysis, created } = keptAnalysis(store, wanted);
  const { address: source, revision } = place;
  return { id, source, revision, analysis, text: renderAnalysis(analysis), created };
}

const noFiles = (id: string, address: string) =>
  new BerthError({
    code: "source_has_no_files",
    message: "The source is an image, which has no files to be read here.",
    object: id,
    cause: `${cleanLine(address)} was read in its registry: what it says of itself is all in the analysis.`,
    next: "Read the analysis.",
  });

/** Where an analysed source lies. Throws `no_such_analysis`, `source_gone`, `source_has_no_files`. */
export async function dirOf({ store }: Berth, id: string): Promise<string> {
  const { dir, address } = keptAnalysis(store, id).place;
  if (dir === null) throw noFiles(id, address);
  const found = await stat(dir).catch(() => undefined);
  if (found?.isDirectory()) return dir;
  throw new BerthError({
    code: "source_gone",
    message: "The source of this analysis is no longer on this machine.",
    object: id,
    cause: `${dir} does not exist.`,
    next: `Analyse it again: ${cleanLine(address)}`,
  });
}
