import { createHash } from "node:crypto";
import { z } from "zod";
import { BerthError } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";
import { type ImageName, imageReference } from "./image-name.ts";
import { nameFrom } from "./name.ts";
import { openRegistry, type Registry, type RegistryOptions } from "./registry.ts";

const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const Text = z.string().max(10_000);
const Words = z.array(Text).max(500).nullish();

/** What an image says of itself. */
export const ImageConfig = z.object({
  architecture: Text,
  os: Text,
  config: z
    .object({
      User: Text.nullish(),
      ExposedPorts: z.record(Text, z.unknown()).nullish(),
      Volumes: z.record(Text, z.unknown()).nullish(),
      Env: Words,
      Entrypoint: Words,
      Cmd: Words,
      Healthcheck: z.object({ Test: Words }).nullish(),
    })
    .nullish(),
});
export type ImageConfig = z.infer<typeof ImageConfig>;

/** A source without files: an image that somebody else has built. */
export interface ResolvedImage {
  /** There is none. */
  dir: null;
  kind: "image";
  /** As it can be typed again. */
  address: string;
  ref: null;
  subfolder: null;
  /** Its digest in the registry; of one for several platforms, that of all. */
  revision: string;
  /** sha256 of the digest's text. */
  contentHash: string;
  /** Without tag and digest: `ghcr.io/team/app`. */
  name: string;
  /** A DNS label made of it. */
  label: string;
  leftOut: [];
  /** `NAME:TAG@sha256:…` */
  image: string;
  /** `linux/amd64`, … */
  platforms: string[];
  config: ImageConfig;
}

/** Looks an image up in its registry. Throws what `openRegistry` throws, `not_an_image` and `image_architecture`. */
export async function resolveImage(image: ImageName, options: RegistryOptions): Promise<ResolvedImage> {
  const registry = await openRegistry(image, options);
  const found = await registry.manifest(image.digest ?? image.tag ?? "latest");
  const { platforms, config } = await read(image, registry, found.body);
  const reference = imageReference({ ...image, digest: found.digest });
  return {
    dir: null,
    kind: "image",
    address: `image:${imageReference(image)}`,
    ref: null,
    subfolder: null,
    revision: found.digest,
    contentHash: createHash("sha256").update(found.digest).digest("hex"),
    name: image.name,
    label: nameFrom(image.name),
    leftOut: [],
    image: reference,
    platforms,
    config,
  };
}

const Manifest = z.object({ config: z.object({ mediaType: Text, digest: Digest }) });
const Index = z.object({
  manifests: z
    .array(z.object({ digest: Digest, platform: z.object({ os: Text, architecture: Text }).optional() }))
    .max(500),
});
const Json = z.union([Index, Manifest]);

const configTypes = ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

async function read(image: ImageName, registry: Registry, body: Buffer) {
  const manifest = parsed(image, Json, body);
  if ("config" in manifest) {
    const config = await configOf(image, registry, manifest);
    return { config, platforms: [`${config.os}/${config.architecture}`] };
  }
  // What is no platform's is a signature or a statement about the build.
  const made = manifest.manifests.flatMap(({ digest, platform }) =>
    platform && platform.os !== "unknown" ? [{ digest, name: `${platform.os}/${platform.architecture}` }] : [],
  );
  const platforms = [...new Set(made.map(({ name }) => name))].sort();
  // They say the same but for the processor; the first that servers have, in a fixed order, so that the answer stays the same.
  const chosen = served.flatMap((name) => made.find((one) => one.name === name) ?? [])[0];
  if (!chosen) throw notForServers(image, platforms);
  const one = await registry.manifest(chosen.digest);
  return { config: await configOf(image, registry, parsed(image, Manifest, one.body)), platforms };
}

/** The platforms that servers of Berth have. */
const served = ["linux/amd64", "linux/arm64"];

async function configOf(image: ImageName, registry: Registry, { config }: z.infer<typeof Manifest>) {
  if (!configTypes.includes(config.mediaType)) throw notAnImage(image, `It is ${config.mediaType}.`);
  const read = parsed(image, ImageConfig, await registry.blob(config.digest));
  const platform = `${read.os}/${read.architecture}`;
  if (!served.includes(platform)) throw notForServers(image, [platform]);
  return read;
}

function parsed<T>(image: ImageName, schema: z.ZodType<T>, body: Buffer): T {
  try {
    return schema.parse(JSON.parse(body.toString()));
  } catch {
    throw notAnImage(image, "What it has there has not the form of an image's manifest or configuration.");
  }
}

const notAnImage = (image: ImageName, cause: string) =>
  new BerthError({
    code: "not_an_image",
    message: "The registry has something else under this name than an image that can be run.",
    object: imageReference(image),
    cause: cleanLine(cause),
    next: "Name an image: what docker pull would take. A very old one (schema 1) has to be pushed again.",
  });

const notForServers = (image: ImageName, platforms: readonly string[]) =>
  otherPlatform(imageReference(image), served.join(" or "), platforms);

/** Throws `image_architecture` where the image is not made for the server's platform. */
export function refuseOtherPlatform(
  { image, platforms }: Pick<ResolvedImage, "image" | "platforms">,
  architecture: string,
): void {
  const wanted = `linux/${architecture}`;
  if (!platforms.includes(wanted)) throw otherPlatform(image, wanted, platforms);
}

const otherPlatform = (image: string, wanted: string, platforms: readonly string[]) =>
  new BerthError({
    code: "image_architecture",
    message: "The image is not made for the server's kind of processor.",
    object: image,
    cause: cleanLine(`Wanted is ${wanted}; it is made for ${platforms.join(", ") || "no platform at all"}.`),
    next: "Name a tag that is made for it, build the image for it (docker build --platform), or take another server.",
  });
