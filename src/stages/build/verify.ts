import type Docker from "dockerode";
import type { ImageInspectInfo } from "dockerode";
import { BerthError } from "../../kit/error.ts";
import type { StageContext } from "../context.ts";
import type { Service } from "../plan/schema.ts";
import { architectureMismatch } from "./architecture.ts";
import { readArchive } from "./archive.ts";
import { layersAbove } from "./dockerfile.ts";
import type { ImageInput } from "./image.ts";
import { searchConfiguration, searchLayers, type Wanted } from "./search.ts";
import { tryService } from "./trial/try.ts";

/**
 * What an image must show before it gets its name: the server's architecture, no root that the plan does not know of, no
 * secret in it, and that each service that runs it starts and listens where the plan says. Throws the error that names what it does not.
 */
export async function verify(engine: Docker, image: string, input: ImageInput, ctx: StageContext): Promise<void> {
  const built = await engine.getImage(image).inspect();
  if (built.Architecture !== input.architecture)
    throw architectureMismatch(input.image.service, built.Architecture, input.architecture, ctx.host.name);
  for (const service of input.services) refuseRoot(built, service);
  const wanted = { of: input.image.service, given: givenValues(input, ctx), caBundle: ctx.caBundle };
  await searchConfiguration(engine, image, wanted);
  for (const service of input.services) await tryService(engine, image, service, input, ctx);
  // From a server the archive would come over the line, whole.
  if (ctx.builder.here) await searchFiles(engine, image, input, wanted, ctx);
}

/** Layers of base images are public: what a person gave cannot be in them, and words like it can be by chance. */
async function searchFiles(engine: Docker, image: string, input: ImageInput, wanted: Wanted, ctx: StageContext) {
  const { layers } = await readArchive(engine, image, ctx.scratchDir, ctx.signal);
  const above = layersAbove(input.image.dockerfile) ?? layers.length;
  await searchLayers(layers.slice(Math.max(0, layers.length - above)), wanted);
}

/** Pure part of `verify`. */
export function refuseRoot({ Config: { User } }: Pick<ImageInspectInfo, "Config">, service: Service): void {
  // The plan knows that it begins as root, says so, and leaves it the rights to become another user.
  if (service.capabilities.includes("SETUID")) return;
  const user = service.user || User || "root";
  if (!/^(root|0+)(:|$)/.test(user)) return;
  throw new BerthError({
    code: "runs_as_root",
    message: `The service ${service.name} would run as root.`,
    object: service.image,
    cause: "Neither its image nor the plan names another user.",
    next: "Add a USER line with another user to its Dockerfile, then run the command again.",
  });
}

/** What a person gave. Generated secrets are made on the server when they are first needed, so no build can hold them. */
function givenValues({ secrets }: ImageInput, ctx: StageContext): Map<string, string> {
  const values = new Map<string, string>();
  for (const { origin, name } of secrets) {
    if (origin !== "given") continue;
    const value = ctx.givenSecret(name);
    ctx.hide(value);
    values.set(name, value);
  }
  return values;
}
