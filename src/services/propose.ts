import type { Base } from "../approval/operation.ts";
import { localEngine } from "../host/engine.ts";
import type { Host } from "../host/host.ts";
import { sha256 } from "../kit/canonical.ts";
import { BerthError } from "../kit/error.ts";
import type { Analysis } from "../stages/analysis/schema.ts";
import { foldersOf, imagesOf } from "../stages/plan/images.ts";
import { makePlan, type PlanInput, stackName } from "../stages/plan/make.ts";
import type { Plan } from "../stages/plan/schema.ts";
import { mergeWishes, type Wishes } from "../stages/plan/wishes.ts";
import { type ResolvedImage, refuseOtherPlatform } from "../stages/source/image.ts";
import { pinImage, surveyBuilder } from "../stages/survey/builder.ts";
import { appliedDamaged, refuseServer } from "../stages/survey/refuse.ts";
import type { Survey } from "../stages/survey/schema.ts";
import { surveyServer } from "../stages/survey/server.ts";
import { putPlan } from "../store/plans.ts";
import type { Berth } from "./berth.ts";
import { connect, findServer, noteServer } from "./connect.ts";
import { baseOf } from "./plan-base.ts";
import { registryLogin } from "./registry-login.ts";
import { buildContext, sourceDir } from "./source.ts";
import { standingOf, unknownHere } from "./standing.ts";
import { storedPlan } from "./stored-plan.ts";

/** Packages, a base, a database and an image fit in this; what an image really needs is asked before it is sent. */
const leastDiskMegabytes = 2000;

/** A plan with what it was made from, as a person is shown it. */
export interface Proposal {
  plan: Plan;
  hash: string;
  /** The facts that a grant of it rests on. */
  base: Base;
  /** Hash of the plan that stands, as its server says. */
  applied: string | null;
  /** Never applied before, here or on its server. */
  newStack: boolean;
}

export interface Proposed {
  source: Plan["source"] & { [K in "image" | "platforms"]?: ResolvedImage[K] | undefined };
  analysis: Analysis;
  /** A server's name or address, as the person gave it. */
  server: string;
  wishes: Wishes;
  updateImages: boolean;
  /** The plan that this one changes, with the serial of its stack when it was made; its wishes are in `wishes` already. */
  start?: { plan: Plan; serial: number };
}

/** Looks at the server and makes the plan; changes nothing anywhere but in the store here. An abort ends the connection. */
export async function propose(berth: Berth, proposed: Proposed, signal?: AbortSignal): Promise<Proposal> {
  const { config, store } = berth;
  signal?.throwIfAborted();
  const server = await findServer(config, store, proposed.server);
  const stack = stackName(proposed.analysis, proposed.wishes);
  return over(await connect(server), signal, async (host) => {
    noteServer(store, server);
    const contexts = await contextsOf(berth, proposed);
    const survey = await look(berth, host, server.name, stack, imagesOf(proposed.analysis));
    refuseServer(survey.server, { server: host.name, diskMegabytes: leastDiskMegabytes });
    refusePlatform(proposed.source, survey.server);
    const standing = standingOf(store, { stack, server: server.name }, survey.server.applied);
    if (standing.unknownHere) throw unknownHere(stack, server.name);
    const { last, serial, newStack } = standing;
    const plan = makePlan({
      source: sourceOf(proposed.source),
      analysis: proposed.analysis,
      survey,
      wishes: last ? mergeWishes(last.wishes, proposed.wishes) : proposed.wishes,
      contexts,
      given: berth.secrets.fingerprints(stack),
      tls: { directory: config.acme.directory, email: config.acme.email, trust: config.acme.trust },
      caBundle: config.caBundle === undefined ? null : sha256(config.caBundle),
      last,
      start: continued(proposed.start, stack, serial),
      updateImages: proposed.updateImages,
    });
    const hash = putPlan(store, { stack, serial, plan, created: survey.at });
    const applied = survey.server.applied?.planHash ?? null;
    return { plan, hash, base: baseOf(plan, serial), applied, newStack };
  });
}

/** A plan that is changed in conversation: until another one is applied, what it took for images stays taken. */
const continued = (start: Proposed["start"], stack: string, serial: number): Plan | null =>
  start?.plan.stack === stack && start.serial === serial ? start.plan : null;

/** Ends the connection behind the work, or with it when it is aborted. */
async function over<T>(host: Host, signal: AbortSignal | undefined, work: (host: Host) => Promise<T>): Promise<T> {
  const close = () => void host.close();
  signal?.addEventListener("abort", close, { once: true });
  try {
    signal?.throwIfAborted();
    return await work(host);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", close);
    await host.close();
  }
}

/** The hashes of the folders that builds see, but for the whole source's, which is known. */
async function contextsOf({ config }: Berth, { source, analysis }: Proposed): Promise<PlanInput["contexts"]> {
  const folders = foldersOf(analysis).filter((folder) => folder !== ".");
  // A source that nothing more is to be known of may be gone from this machine.
  if (folders.length === 0) return {};
  const dir = await sourceDir(config, source.contentHash);
  const hashed = folders.map(async (folder) => [folder, (await buildContext(dir, folder)).hash] as const);
  return Object.fromEntries(await Promise.all(hashed));
}

async function look(berth: Berth, host: Host, name: string, stack: string, names: string[]): Promise<Survey> {
  const engine = await localEngine({ dockerHost: berth.config.env["DOCKER_HOST"] }).catch(() => undefined);
  const server = await surveyServer(host, { stack });
  const asking = engine ?? (server.engine ? await host.engine() : undefined);
  if (!asking) throw noEngine();
  const pinned = await Promise.all(
    names.map((image) => pinImage(asking, image, (registry) => registryLogin(berth.config.env, registry))),
  );
  return {
    at: new Date().toISOString(),
    target: { name, host: host.address, port: host.port, user: host.user },
    hostKey: host.hostKey,
    server,
    builder: engine ? await surveyBuilder(engine) : null,
    images: Object.fromEntries(names.map((image, n) => [image, pinned[n] ?? ""])),
  };
}

const sourceOf = ({ kind, name, revision, contentHash }: Plan["source"]): Plan["source"] => ({
  kind,
  name,
  revision,
  contentHash,
});

/** Of an image that was looked up for this plan: else it would be refused once it was pulled. */
function refusePlatform({ image, platforms }: Proposed["source"], { architecture }: Survey["server"]): void {
  if (image !== undefined && platforms !== undefined) refuseOtherPlatform({ image, platforms }, architecture);
}

const noEngine = () =>
  new BerthError({
    code: "engine_unreachable",
    message: "No Docker Engine answers, here or on the server, so no image can be looked up.",
    object: "this machine",
    cause: "Neither DOCKER_HOST nor /var/run/docker.sock leads to one, and the server has none yet.",
    next: "Install Docker on this machine (any architecture serves for looking up images), then run the command again.",
  });

/** A stored plan, to be applied (again) as things are now. Throws `no_such_plan`. */
export async function proposeStored(berth: Berth, wanted: string): Promise<Proposal> {
  const { plan, hash } = storedPlan(berth.store, wanted);
  const server = await findServer(berth.config, berth.store, plan.server.name);
  const host = await connect(server, plan.server.hostKey);
  try {
    noteServer(berth.store, server);
    const { applied, appliedDamaged: damaged } = await surveyServer(host, { stack: plan.stack });
    if (damaged) throw appliedDamaged(host.name);
    const { serial, newStack } = standingOf(berth.store, { stack: plan.stack, server: server.name }, applied);
    const base = baseOf(plan, serial);
    return { plan, hash, base, applied: applied?.planHash ?? null, newStack };
  } finally {
    await host.close();
  }
}
