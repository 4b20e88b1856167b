import { basename } from "node:path";
import type Docker from "dockerode";
import { z } from "zod";
import { ifThere, statusOf } from "../../host/docker/answers.ts";
import { byDigest } from "../../host/docker/pull.ts";
import { sh } from "../../host/quote.ts";
import { BerthError } from "../../kit/error.ts";
import { labels, paths } from "../../kit/layout.ts";
import type { StageContext } from "../context.ts";
import { defineStep } from "../context.ts";
import { engineForActing, engineIfAny } from "./engine.ts";
import { pulledFile } from "./pull.ts";
import { keptOf, type Needs, parseNeeds, parseReleases, surplusImages, surplusSecrets } from "./surplus.ts";

const Input = z.object({
  stack: z.string(),
  release: z.string(),
  /** Of the services, and the secrets of the plan, which is not recorded before it is applied. */
  images: z.array(z.string()),
  secrets: z.array(z.object({ name: z.string(), fingerprint: z.string().optional() })),
});
type Input = z.infer<typeof Input>;

const Surplus = z.object({
  /** Releases whose environment and plan go; what is known of their release commands stays, so that none runs twice. */
  releases: z.array(z.string()),
  /** Names, or ids of those without one, on the server. */
  images: z.array(z.string()),
  /** References of registries' images. */
  pulled: z.array(z.string()),
  /** Names on the Engine that builds, where that is not the server's. */
  built: z.array(z.string()),
  secrets: z.array(z.string()),
});
type Surplus = z.infer<typeof Surplus>;

/**
 * Releases beyond the newest five, and what only they needed: by our labels and notes alone, so that whatever else is on the
 * server stays as it is. Volumes are never part of it, nor is a build's cache, which nobody knows whose it is.
 */
export const clean = defineStep({
  kind: "deploy.clean",
  effect: "change",
  input: Input,
  before: Surplus,
  output: z.object({ kept: z.array(z.string()) }),
  title: () => "remove releases beyond the newest five, with their images",

  observe: async (input, ctx) => {
    const { surplus, kept } = await look(input, ctx);
    const isOver = Object.values(surplus).some((names) => names.length > 0);
    return isOver ? { before: surplus } : { output: { kept } };
  },

  apply: async (input, _before, ctx) => {
    const engine = await engineForActing(ctx);
    const { surplus } = await look(input, ctx);
    const { images, pulled, built, secrets, releases } = surplus;
    for (const name of images) await removeImage(engine, name, ctx);
    for (const name of pulled) await removeImage(engine, byDigest(name), ctx);
    const builder = built.length > 0 ? await builderIfAny(ctx) : undefined;
    if (builder) for (const name of built) await removeImage(builder, name, ctx);
    const lock = await ctx.lock("stack");
    const files = [
      ...pulled.map((image) => pulledFile(input.stack, image)),
      ...secrets.map((file) => `${paths.secrets(input.stack)}/${file}`),
    ];
    if (files.length > 0) await lock.run(["rm", "-f", "--", ...files]);
    // Last: they say what else goes with them.
    for (const release of releases) await lock.run(sh(emptyRelease, paths.release(input.stack, release)));
    if (releases.length > 0) ctx.log(`removed the releases ${releases.join(", ")}\n`);
  },
});

const records = "release-command-*.json";
const emptyRelease = `find "$1" -mindepth 1 -maxdepth 1 ! -name '${records}' -delete && { rmdir -- "$1" 2>/dev/null || :; }`;

const listReleases = `cd "$1" 2>/dev/null || exit 0
for r in *; do [ -d "$r" ] || continue
  at=$(find "$r/plan.json" -printf '%T@' 2>/dev/null) || at=
  [ -n "$(find "$r" -mindepth 1 ! -name '${records}' | head -n 1)" ] && full=full || full=-
  echo "$r \${at:--} $full"
done`;

async function look(input: Input, ctx: StageContext): Promise<{ surplus: Surplus; kept: string[] }> {
  const { stack, release } = input;
  const folder = paths.release(stack, ".");
  const releases = parseReleases(await ctx.host.read(sh(listReleases, folder)));
  const kept = keptOf(releases, release);
  const isThere = (name: string) => releases.some((one) => one.name === name && one.recorded !== null);
  const old = releases.filter(({ name, full }) => full && !kept.includes(name)).map(({ name }) => name);
  const own: Needs = { services: input.images.map((image) => ({ image })), secrets: input.secrets };
  const needs = [own, ...(await needsOf(stack, kept.filter(isThere), ctx))];
  const none = { releases: old, images: [], pulled: [], built: [], secrets: [] };
  // A kept plan that nobody can read may need anything.
  if (needs.includes(undefined)) return { surplus: none, kept };
  const known = needs.filter((one) => one !== undefined);
  const needed = new Set(known.flatMap(({ services }) => services.map(({ image }) => image)));
  const dropped = (await needsOf(stack, old.filter(isThere), ctx)).flatMap((one) => one?.services ?? []);
  const engine = await engineIfAny(ctx);
  const surplus = {
    releases: old,
    images: engine ? await surplusOn(engine, stack, needed) : [],
    pulled: engine ? await surplusPulled(engine, stack, needed, ctx) : [],
    built: await surplusBuilt(
      new Set(dropped.map(({ image }) => image).filter((image) => !needed.has(image))),
      stack,
      ctx,
    ),
    secrets: surplusSecrets(
      await list(`cd "$1" 2>/dev/null && find . -type f -printf '%P\\n' || :`, paths.secrets(stack), ctx),
      known,
    ),
  };
  return { surplus, kept };
}

async function needsOf(stack: string, releases: readonly string[], ctx: StageContext): Promise<(Needs | undefined)[]> {
  if (releases.length === 0) return [];
  const files = releases.map((release) => `${paths.release(stack, release)}/plan.json`);
  const printed = await ctx.host.read(sh('for f; do base64 -w 0 "$f"; echo; done', ...files));
  const plans = printed.split("\n");
  return files.map((_, n) => parseNeeds(Buffer.from(plans[n] ?? "", "base64").toString("utf8")));
}

const list = async (script: string, folder: string, { host }: StageContext): Promise<string[]> =>
  (await host.read(sh(script, folder))).split("\n").filter((line) => line !== "");

async function imagesOf(engine: Docker, stack: string) {
  const [listed, containers] = await Promise.all([
    engine.listImages({ filters: { label: [`${labels.stack}=${stack}`] } }),
    engine.listContainers({ all: true }),
  ]);
  const images = listed.map(({ Id, RepoTags }) => ({
    id: Id,
    names: (RepoTags ?? []).filter((name) => !name.startsWith("<none>")),
  }));
  // By name as well: an Engine may know one image by the digests of its index and of its manifest.
  return { images, used: new Set(containers.flatMap(({ ImageID, Image }) => [ImageID, Image])) };
}

async function surplusOn(engine: Docker, stack: string, needed: ReadonlySet<string>): Promise<string[]> {
  const { images, used } = await imagesOf(engine, stack);
  return surplusImages(images, needed, used);
}

async function surplusPulled(
  engine: Docker,
  stack: string,
  needed: ReadonlySet<string>,
  ctx: StageContext,
): Promise<string[]> {
  const read = 'cd "$1" 2>/dev/null || exit 0; for f in *; do [ -f "$f" ] && head -c 1000 "$f" | head -n 1; done; :';
  const noted = await list(read, `${paths.stack(stack)}/pulled`, ctx);
  const surplus = noted.filter((image) => !needed.has(image) && /^[a-z0-9][\w./:-]*@sha256:[0-9a-f]{64}$/.test(image));
  if (surplus.length === 0) return [];
  const { used } = await imagesOf(engine, stack);
  const ids = await Promise.all(surplus.map((image) => ifThere(engine.getImage(byDigest(image)).inspect())));
  return surplus.filter((image, n) => !used.has(ids[n]?.Id ?? "") && !used.has(byDigest(image)));
}

/**
 * Where images are built on another machine, only those of releases that go: another server's may have come from there, under
 * the same stack's name, and be on their way.
 */
async function surplusBuilt(dropped: ReadonlySet<string>, stack: string, ctx: StageContext): Promise<string[]> {
  if (!ctx.builder.here || dropped.size === 0) return [];
  const builder = await builderIfAny(ctx);
  if (!builder) return [];
  const { images, used } = await imagesOf(builder, stack);
  const free = images.filter(({ id, names }) => ![id, ...names].some((name) => used.has(name)));
  return free.flatMap(({ names }) => names.filter((name) => dropped.has(name)));
}

async function builderIfAny({ builder }: StageContext): Promise<Docker | undefined> {
  try {
    return await builder.engine();
  } catch (error) {
    if (error instanceof BerthError) return undefined;
    throw error;
  }
}

/** By one name: what has another one stays. One that somebody has begun to use meanwhile stays as well. */
async function removeImage(engine: Docker, name: string, ctx: StageContext): Promise<void> {
  try {
    await ifThere(engine.getImage(name).remove());
    ctx.log(`removed the image ${basename(name)}\n`);
  } catch (error) {
    if (statusOf(error) !== 409) throw error;
  }
}
