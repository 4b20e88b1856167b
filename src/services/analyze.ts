import { analyze } from "../stages/analysis/analyze.ts";
import { analysisOfImage } from "../stages/analysis/image.ts";
import type { Analysis } from "../stages/analysis/schema.ts";
import type { Plan } from "../stages/plan/schema.ts";
import type { Resolved } from "../stages/source/fetch.ts";
import type { ResolvedImage } from "../stages/source/image.ts";
import { parseImageName } from "../stages/source/image-name.ts";
import { parseSource } from "../stages/source/parse.ts";
import { analysisOf, putAnalysis } from "../store/analyses.ts";
import type { Berth } from "./berth.ts";
import { resolveImageSource } from "./image-source.ts";
import { analysisId, keptOfSource } from "./kept-analyses.ts";
import { refusePrivate } from "./refused-folders.ts";
import { credentialsUnasked, type GitCredentials, resolveSource, sourceDir } from "./source.ts";

/** SOURCE as typed → where it lies here, and what was found in it. */
export async function readSource(
  berth: Berth,
  text: string,
  cwd: string,
  git: GitCredentials,
): Promise<{ source: Resolved | ResolvedImage; analysis: Analysis }> {
  const source = await resolveSource(berth.config, text, cwd, git);
  return { source, analysis: await readAndKeep(berth, source) };
}

/** As `readSource`, where a model names it; what this version of Berth has read before is not read again. Answers the analysis' id. */
export async function recallSource(
  berth: Berth,
  text: string,
  { cwd, git, signal }: { cwd: string; git: GitCredentials; signal: AbortSignal },
): Promise<string> {
  await refusePrivate(berth.config, parseSource(text), cwd);
  const source = await resolveSource(berth.config, text, cwd, credentialsUnasked(git), signal);
  const id = analysisId(source, berth.config.version);
  if (!analysisOf(berth.store, id)) await readAndKeep(berth, source);
  return id;
}

/**
 * What a plan was made from: as it is kept, else read again in the copy that the plan's images are built from, or of an image
 * by its digest.
 */
export async function analysisOfPlan({ config, store }: Berth, { source, services }: Plan): Promise<Analysis> {
  const kept = keptOfSource(store, source, config.version)?.analysis;
  if (kept) return kept;
  if (source.kind === "image")
    return analysisOfImage(await resolveImageSource(config, parseImageName(services[0]?.image ?? "")));
  return analyze(await sourceDir(config, source.contentHash), { name: source.name });
}

async function readAndKeep({ config, store }: Berth, source: Resolved | ResolvedImage): Promise<Analysis> {
  const analysis = source.kind === "image" ? analysisOfImage(source) : await analyze(source.dir, { name: source.name });
  const id = analysisId(source, config.version);
  putAnalysis(store, {
    id,
    source: source.address,
    analysis,
    created: new Date().toISOString(),
    resolved: source,
  });
  return analysis;
}
