import { type ResolvedImage, resolveImage } from "../stages/source/image.ts";
import type { ImageName } from "../stages/source/image-name.ts";
import { systemLookup } from "../stages/source/network.ts";
import type { Config } from "./config.ts";
import { registryLogin } from "./registry-login.ts";

/** An image looked up from this computer, with the login that it has for exactly the image's registry. */
export const resolveImageSource = (
  { env, allowPrivateAddresses, caBundle }: Config,
  image: ImageName,
  signal?: AbortSignal,
): Promise<ResolvedImage> =>
  resolveImage(image, {
    allowPrivateAddresses,
    caBundle,
    signal,
    lookup: systemLookup,
    login: (registry) => registryLogin(env, registry),
  });
