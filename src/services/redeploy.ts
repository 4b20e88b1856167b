import { BerthError } from "../kit/error.ts";
import { stackName } from "../stages/plan/make.ts";
import type { Plan } from "../stages/plan/schema.ts";
import type { Wishes } from "../stages/plan/wishes.ts";
import { readSource, recallSource } from "./analyze.ts";
import type { Berth } from "./berth.ts";
import { keptAnalysis, sourceTextOf } from "./kept-analyses.ts";
import { type Proposal, type Proposed, propose } from "./propose.ts";
import type { GitCredentials } from "./source.ts";
import { standingPlan } from "./stack-facts.ts";

interface Fetching {
  cwd: string;
  git: GitCredentials;
}

/**
 * The source of a stack as it is now, with the wishes that it has: the plan that `up` with the same source would make. Throws
 * `no_such_stack`, `plan_gone`, `source_unknown`, and what bringing a source and proposing throw.
 */
export async function proposeAnew(
  berth: Berth,
  stack: string,
  { cwd, git, updateImages }: Fetching & { updateImages: boolean },
): Promise<Proposal> {
  const standing = standingPlan(berth, stack);
  const { source, analysis } = await readSource(berth, sourceOf(berth, standing), cwd, git);
  return propose(berth, anew(standing, source, analysis, updateImages));
}

/** As `proposeAnew`, where a model asks for it: no credential goes along that was not bound to the source's server. */
export async function recallAnew(
  berth: Berth,
  stack: string,
  { cwd, git, signal }: Fetching & { signal: AbortSignal },
): Promise<Proposal> {
  const standing = standingPlan(berth, stack);
  const id = await recallSource(berth, sourceOf(berth, standing), { cwd, git, signal });
  const { place, analysis } = keptAnalysis(berth.store, id);
  return propose(berth, anew(standing, place, analysis, false), signal);
}

const anew = (
  standing: Plan,
  source: Proposed["source"],
  analysis: Proposed["analysis"],
  updateImages: boolean,
): Proposed => ({
  source,
  analysis,
  server: standing.server.name,
  wishes: wishesFor(standing, analysis),
  updateImages,
});

/** A source that was renamed is the same stack's. What is not wished otherwise comes from the plan that stands. */
function wishesFor({ stack, wishes }: Plan, analysis: Proposed["analysis"]): Wishes {
  return stackName(analysis, wishes) === stack && wishes.stack === undefined ? { env: {} } : { env: {}, stack };
}

function sourceOf({ store }: Berth, { stack, source, server }: Plan): string {
  const text = sourceTextOf(store, source);
  if (text !== undefined) return text;
  throw new BerthError({
    code: "source_unknown",
    message: "This computer does not remember where the source of this stack came from.",
    object: stack,
    cause: `What stands was made from ${source.name} (${source.kind}), which was not read here.`,
    next: `Name it: berth up SOURCE --server ${server.name} --stack ${stack}`,
  });
}
