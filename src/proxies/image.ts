import { ifThere } from "../host/docker/answers.ts";
import { engineIfAny } from "../host/docker/engine-if-any.ts";
import { byDigest } from "../host/docker/pull.ts";
import type { Host } from "../host/host.ts";
import { labels } from "../kit/layout.ts";
import type { ProxyView } from "./access.ts";
import { proxyOf } from "./index.ts";

/** When an image was built, as the Engine tells it, and the name that it is there by. */
export interface ProxyImage {
  image: string;
  created: string | undefined;
}

/** A look at the server's proxy by one stack's plan. */
export async function viewProxy(host: Host, planned: { kind: string; image: string }): Promise<ProxyView> {
  const proxy = proxyOf(planned.kind);
  const image = byDigest(planned.image);
  const engine = await engineIfAny(host);
  if (!engine) return { host, proxy, image };
  const current = await ifThere(engine.getContainer(proxy.containerName).inspect());
  if (current?.Config.Labels[labels.role] !== "proxy" || current.Config.Image === image) return { host, proxy, image };
  const createdOf = async (name: string) => (await ifThere(engine.getImage(name).inspect()))?.Created;
  const running = { image: current.Config.Image, created: await createdOf(current.Image) };
  return { host, proxy, image: newerImage({ image, created: await createdOf(image) }, running) };
}

/**
 * The proxy belongs to all stacks, so the image of one stack's plan is the oldest that will do: two plans would else hand it
 * over to and fro, and an application that goes back to its last release would take everybody's proxy back with it.
 */
export function newerImage(planned: ProxyImage, running: ProxyImage): string {
  return Date.parse(running.created ?? "") > Date.parse(planned.created ?? "") ? running.image : planned.image;
}
