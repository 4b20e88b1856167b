import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { aptMirror } from "./apt.ts";
import { attemptDocker, docker } from "./engine.ts";
import { exclusively } from "./lock.ts";
import type { Lab } from "./names.ts";
import { need } from "./packages.ts";
import { type Recipe, recipeFor, recipeHash } from "./recipes.ts";
import { run } from "./shell.ts";

/** Said by the image's own configuration, so that nobody takes one for the official image. */
const standIn = "dev.berth.lab.stand-in=true";

/**
 * Sees to it that the lab's registry has the image under its usual name: the official one where Docker Hub answers, else a
 * stand-in. Made once for all labs of the machine, and anew when its recipe or its base's changes.
 */
export async function ensureBase(lab: Lab, image: string): Promise<void> {
  const recipe = recipeFor(image);
  if (await isMade(lab, recipe)) return;
  await exclusively(lab, `base-${recipe.name}`, async () => {
    if (await isMade(lab, recipe)) return;
    if (recipe.from !== undefined) await ensureBase(lab, recipe.from);
    const origin = await make(lab, recipe);
    await mkdir(join(stampOf(lab, recipe), ".."), { recursive: true });
    await writeFile(stampOf(lab, recipe), `${recipeHash(recipe)} ${origin}`);
  });
}

/** As `ensureBase`, and this lab's Engine has the newest of it: another lab may have made it anew. */
export async function pullBase(lab: Lab, image: string): Promise<void> {
  await ensureBase(lab, image);
  await docker(lab, ["pull", "--quiet", image]);
}

/** As `ensureBase` for several, two at a time: one downloads while another unpacks. */
export async function ensureBases(lab: Lab, images: readonly string[]): Promise<void> {
  const queue = [...images];
  const failures: Error[] = [];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined && failures.length === 0; next = queue.shift()) {
      await ensureBase(lab, next).catch((error: Error) => failures.push(error));
    }
  };
  await Promise.all([worker(), worker()]);
  if (failures[0]) throw failures[0];
}

const stampOf = (lab: Lab, { name }: Recipe) => join(lab.bases, "recipes", name.replaceAll(/[/:]/g, "_"));

async function readStamp(lab: Lab, recipe: Recipe): Promise<string[]> {
  return (await readFile(stampOf(lab, recipe), "utf8").catch(() => "")).split(" ");
}

async function isMade(lab: Lab, recipe: Recipe): Promise<boolean> {
  return (await readStamp(lab, recipe))[0] === recipeHash(recipe);
}

/** Where the registry's image is from: Docker Hub, a recipe that stands in for its image, or a recipe of the lab's own. */
export type Origin = "official" | "stand-in" | "ours";

/** The origin of a base that is made; undefined for one that is not. */
export async function originOf(lab: Lab, image: string): Promise<Origin | undefined> {
  return (await readStamp(lab, recipeFor(image)))[1] as Origin | undefined;
}

async function make(lab: Lab, recipe: Recipe): Promise<Origin> {
  const began = performance.now();
  const official = await pull(lab, recipe);
  if (!official) await build(lab, recipe);
  for (const name of [recipe.name, ...recipe.aliases]) await push(lab, recipe.name, name);
  const origin = official ? "official" : recipe.name.startsWith("lab/") ? "ours" : "stand-in";
  process.stderr.write(`${recipe.name} (${origin}): ${Math.round((performance.now() - began) / 1000)} s\n`);
  return origin;
}

/** The official image, where Docker Hub is within reach and gives it; the lab's own images are on no hub. */
async function pull(lab: Lab, { name }: Recipe): Promise<boolean> {
  if (name.startsWith("lab/") || !(await hubAnswers())) return false;
  const { code } = await attemptDocker(lab, ["pull", "--quiet", name], { timeoutMs: 600_000 });
  return code === 0;
}

async function hubAnswers(): Promise<boolean> {
  const address = "https://registry-1.docker.io/v2/";
  const answer = await fetch(address, { signal: AbortSignal.timeout(3000) }).catch(() => undefined);
  return answer?.headers.has("docker-distribution-api-version") ?? false;
}

/** An executable `fetch` in the folder runs first, here: it brings into the context what a build cannot get by itself. */
async function build(lab: Lab, recipe: Recipe): Promise<void> {
  const file = recipe.name.replaceAll(/[/:]/g, "_");
  const [context, log] = [join(lab.dir, "context", file), join(lab.dir, `base-${file}.log`)];
  await rm(context, { recursive: true, force: true });
  await cp(recipe.folder, context, { recursive: true });
  try {
    if (existsSync(join(context, "fetch"))) {
      if (recipe.from === undefined) await need("mmdebstrap");
      await run("./fetch", [], { cwd: context, log, env: { ...recipe.args, MIRROR: (await aptMirror()) ?? "" } });
    }
    const args = Object.entries(recipe.args).map(([key, value]) => `--build-arg=${key}=${value}`);
    const label = recipe.name.startsWith("lab/") ? [] : ["--label", standIn];
    await docker(lab, ["build", "--pull", ...label, "--tag", recipe.name, ...args, context], { log });
  } catch (error) {
    throw new Error(`${recipe.name} could not be made (all of it in ${log}): ${(error as Error).message}`);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

async function push(lab: Lab, image: string, name: string): Promise<void> {
  const remote = `${lab.registry}/${name.includes("/") ? name : `library/${name}`}`;
  await docker(lab, ["tag", image, name]);
  await docker(lab, ["tag", image, remote]);
  await docker(lab, ["push", "--quiet", remote]);
  await docker(lab, ["rmi", remote]);
}
