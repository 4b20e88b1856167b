import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { z } from "zod";
import { diskFullThere, saysDiskFull } from "../../host/disk-full.ts";
import { wordsOf } from "../../host/docker/answers.ts";
import { BerthError } from "../../kit/error.ts";
import { defineStep, type StageContext } from "../context.ts";
import { checkArchitecture } from "./architecture.ts";
import { dropArchive, readArchive } from "./archive.ts";
import { checkDisk } from "./disk.ts";
import { type ImageName, ownImage, referenceOf, serverEngine } from "./images.ts";
import { loadMissing } from "./load.ts";
import { layersThere } from "./missing.ts";
import { pullFromHere } from "./pull-from-here.ts";

export const TransferInput = z.object({
  stack: z.string(),
  service: z.string(),
  repository: z.string(),
  tag: z.string(),
});
type TransferInput = z.infer<typeof TransferInput>;

/** The image on the server, under the planned name. Only what the server lacks goes over the line. */
export const transferImage = defineStep({
  kind: "transfer.image",
  effect: "change",
  input: TransferInput,
  before: z.null(),
  output: z.object({ imageId: z.string() }),
  title: ({ service }) => `bring the image of ${service} to the server`,

  async observe(input, ctx) {
    const found = await ownImage(await serverEngine(ctx), input);
    return found ? { output: { imageId: found.Id } } : { before: null };
  },

  async apply(input, _before, ctx) {
    await ctx.lock("stack");
    const [builder, server] = [await ctx.builder.engine(), await ctx.host.engine()];
    const image = await builtImage(builder, input, ctx);
    await checkArchitecture(server, referenceOf(input), image.Architecture, ctx.host.name);
    try {
      await send(builder, server, input, ctx);
      await dropArchive(ctx.scratchDir, image.Id);
    } catch (error) {
      ctx.signal.throwIfAborted();
      throw error instanceof BerthError ? error : cutOff(input, ctx.host.name, error);
    }
  },
});

async function send(builder: Docker, server: Docker, name: ImageName, ctx: StageContext): Promise<void> {
  const archive = await readArchive(builder, referenceOf(name), ctx.scratchDir, ctx.signal);
  const there = await layersThere(server, name);
  const missing = archive.layers.filter(({ digest }) => !there.has(digest));
  await checkDisk(ctx.host, server, name, missing);
  const began = performance.now();
  const options = { server, name, archive, there, token: randomBytes(24).toString("hex"), ctx };
  const sent = await pullFromHere(options).catch((error: unknown) => {
    if (!(error instanceof BerthError) || error.code !== "forward_refused") throw error;
    ctx.log(`${error.cause} The layers go by docker load instead.\n`);
    return loadMissing(options);
  });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  ctx.log(
    `sent ${readable(sent.bytes)} in ${sent.layers} ${sent.layers === 1 ? "layer" : "layers"} of ${archive.layers.length}, ${seconds} s\n`,
  );
}

async function builtImage(builder: Docker, input: TransferInput, ctx: StageContext) {
  const image = await ownImage(builder, input);
  if (image) return image;
  throw new BerthError({
    code: "image_missing",
    message: `The image ${referenceOf(input)} is not on ${ctx.builder.name}.`,
    object: referenceOf(input),
    cause: "It was built, and removed since.",
    next: "Run the command again: it is built anew.",
  });
}

function cutOff(name: ImageName, server: string, error: unknown): BerthError {
  const message = `The image ${referenceOf(name)} did not reach ${server}.`;
  const cause = wordsOf(error);
  if (saysDiskFull(cause))
    return diskFullThere({ message, object: server, cause: `The Docker Engine there says: ${cause}` });
  return new BerthError({
    code: "transfer_failed",
    message,
    object: referenceOf(name),
    cause,
    next: "Run the command again: layers that arrived are not sent again.",
  });
}

const readable = (bytes: number) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
