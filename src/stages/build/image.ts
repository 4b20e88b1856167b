import type Docker from "dockerode";
import { z } from "zod";
import { ifThere, isCut } from "../../host/docker/answers.ts";
import { BerthError } from "../../kit/error.ts";
import { defineStep, type StageContext } from "../context.ts";
import { Backing, Image, SecretUse, Service } from "../plan/schema.ts";
import { build, interrupted } from "./buildkit.ts";
import { provideCaBundle } from "./ca.ts";
import { contextTar } from "./context-tar.ts";
import { imageLabels, ownImage, referenceOf, serverEngine } from "./images.ts";
import { closeWorldsOf } from "./trial/world.ts";
import { verify } from "./verify.ts";

export const ImageInput = z.object({
  stack: z.string(),
  image: Image,
  /** The services that run it. */
  services: z.array(Service),
  /** What they may need in order to start. */
  backing: z.array(Backing),
  secrets: z.array(SecretUse),
  /** The stack's services that have a release command. */
  releasing: z.array(z.string()),
  architecture: z.string(),
  caBundle: z.string().nullable(),
});
export type ImageInput = z.infer<typeof ImageInput>;

/** The image under its planned name, verified, on the Engine that builds; nothing where the server has it already. */
export const buildImage = defineStep({
  kind: "build.image",
  effect: "change",
  input: ImageInput,
  before: z.null(),
  output: z.object({ imageId: z.string() }),
  title: ({ image }) => `build and verify the image of ${image.service}`,

  async observe(input, ctx) {
    const name = nameOf(input);
    // Asked first: what the server has needs no builder at all.
    const found = (await ownImage(await serverEngine(ctx), name)) ?? (await ownImage(await builderIfAny(ctx), name));
    return found ? { output: { imageId: found.Id } } : { before: null };
  },

  async apply(input, _before, ctx) {
    // On the server a build is a change of it, and goes by its lock.
    if (!ctx.builder.here) await ctx.lock("stack");
    const engine = await ctx.builder.engine();
    const candidate = `${input.image.repository}:candidate`;
    const removeCandidate = () => ifThere(engine.getImage(candidate).remove({ noprune: true }));
    // A new one would take the name of what a build that was killed left, and leave that without a name for ever.
    await closeWorldsOf(engine, candidate);
    await removeCandidate();
    try {
      await makeCandidate(engine, candidate, input, ctx);
      await verify(engine, candidate, input, ctx);
      await engine.getImage(candidate).tag({ repo: input.image.repository, tag: input.image.tag });
    } catch (error) {
      ctx.signal.throwIfAborted();
      // An answer that breaks off while it is read: the Engine has ended, or the line to it.
      throw isCut(error) ? interrupted(referenceOf(nameOf(input)), error) : error;
    } finally {
      await engine
        .getImage(candidate)
        .remove({ noprune: true })
        .catch(() => undefined);
    }
  },
});

const nameOf = ({ stack, image: { service, repository, tag } }: ImageInput) => ({ stack, service, repository, tag });

/** A server that is to build may have no Engine before it is provisioned: it then observes as empty. */
const builderIfAny = (ctx: StageContext) => (ctx.builder.here ? ctx.builder.engine() : serverEngine(ctx));

async function makeCandidate(engine: Docker, candidate: string, input: ImageInput, ctx: StageContext): Promise<void> {
  const { image, caBundle } = input;
  const context = await ctx.buildContext(image.folder);
  if (context.hash !== image.context) throw sourceChanged(image.service, ctx.sourceDir);
  if (caBundle !== null) await provideCaBundle(engine, caBundle, ctx.caBundle);
  ctx.log(`building ${referenceOf(nameOf(input))} on ${ctx.builder.name}, ${context.entries.length} files\n`);
  await build(engine, {
    image: referenceOf(nameOf(input)),
    name: candidate,
    dockerfile: image.dockerfile,
    context: contextTar(context, image.dockerfile),
    args: image.args,
    labels: imageLabels(nameOf(input)),
    signal: ctx.signal,
    log: ctx.log,
  });
}

const sourceChanged = (service: string, dir: string) =>
  new BerthError({
    code: "source_changed",
    message: `The source of ${service} is not the one that was planned.`,
    object: dir,
    cause: "Files have changed since the plan was made.",
    next: "Plan again: berth up.",
  });
