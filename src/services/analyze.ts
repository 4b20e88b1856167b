import { hashOf } from "../kit/canonical.ts";
import { analyze } from "../stages/analysis/analyze.ts";
import type { Analysis } from "../stages/analysis/schema.ts";
import type { Resolved } from "../stages/source/fetch.ts";
import { putAnalysis } from "../store/analyses.ts";
import type { Berth } from "./berth.ts";
import { type GitCredentials, resolveSource } from "./source.ts";

/** SOURCE as typed → where it lies here, and what was found in it. */
export async function readSource(
  berth: Berth,
  text: string,
  cwd: string,
  git: GitCredentials,
): Promise<{ source: Resolved; analysis: Analysis }> {
  const source = await resolveSource(berth.config, text, cwd, git);
  const analysis = await analyze(source.dir, { name: source.name });
  const id = `analysis_${hashOf({ content: source.contentHash, name: source.name }).slice(0, 16)}`;
  putAnalysis(berth.store, {
    id,
    source: source.address,
    analysis,
    created: new Date().toISOString(),
    resolved: source,
  });
  return { source, analysis };
}
