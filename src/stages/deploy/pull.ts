import type Docker from "dockerode";
import { z } from "zod";
import { ifThere } from "../../host/docker/answers.ts";
import { byDigest, pull, registryOf } from "../../host/docker/pull.ts";
import { writeFile } from "../../host/files.ts";
import { BerthError } from "../../kit/error.ts";
import { paths } from "../../kit/layout.ts";
import { defineStep } from "../context.ts";
import { engineForActing, engineIfAny } from "./engine.ts";

const Input = z.object({ stack: z.string(), image: z.string(), architecture: z.enum(["amd64", "arm64"]) });
type Input = z.infer<typeof Input>;

/** An image that nobody builds: the registry's content is its name. */
export const isPulled = (image: string): boolean => image.includes("@sha256:");

/**
 * Notes what this stack alone has brought to the server: an image of a registry carries no label of ours, and one that was
 * there before is not ours to remove.
 */
export const pulledFile = (stack: string, image: string): string =>
  `${paths.stack(stack)}/pulled/${image.slice(image.indexOf("@sha256:") + 8)}`;

/** An image of a registry, which the server gets by itself, by its digest: before anything is touched. */
export const pullImage = defineStep({
  kind: "deploy.pull",
  effect: "change",
  input: Input,
  before: z.null(),
  output: z.object({ id: z.string() }),
  title: ({ image }) => `pull ${image.split("@")[0]} on the server`,

  observe: async (input, ctx) => {
    const engine = await engineIfAny(ctx);
    const found = engine && (await there(engine, input));
    return found ? { output: { id: found.Id } } : { before: null };
  },

  apply: async (input, _before, ctx) => {
    const { stack, image, architecture } = input;
    const engine = await engineForActing(ctx);
    const login = await ctx.registryAuth(registryOf(image));
    if (login) ctx.hide("password" in login ? login.password : login.identitytoken);
    // Noted before it comes: what a run that is cut off has brought is cleaned up as well.
    if (!(await there(engine, input)))
      await writeFile(await ctx.lock("stack"), pulledFile(stack, image), `${image}\n`, { mode: "0600" });
    await pull(engine, image, { signal: ctx.signal, log: ctx.log, login });
    const found = await there(engine, input);
    if (found && found.Architecture !== architecture) throw otherArchitecture(input, found.Architecture);
  },
});

const there = (engine: Docker, { image }: Input) => ifThere(engine.getImage(byDigest(image)).inspect());

const otherArchitecture = ({ image, architecture }: Input, found: string) =>
  new BerthError({
    code: "image_architecture",
    message: "The image is not made for the server's kind of processor.",
    object: image,
    cause: `It is made for ${found}, and the server is ${architecture}.`,
    next: "Name a tag that is made for it, or take a server that it is made for, and plan again: berth up",
  });
