import type Docker from "dockerode";
import type { ImageInfo } from "dockerode";
import { ifThere } from "../../host/docker/answers.ts";
import { labels } from "../../kit/layout.ts";
import type { Layer } from "./archive.ts";
import type { ImageName } from "./images.ts";

/** Looking into more images would cost more of the line than it could save. */
const looked = 3;

/**
 * Layers that an Engine has, as digests of their uncompressed form: those of our newest images there, of the same service
 * first. Others may be there too.
 */
export async function layersThere(engine: Docker, { stack, service }: ImageName): Promise<ReadonlySet<string>> {
  const images = await engine.listImages({ filters: { label: [labels.stack] } });
  const isSame = ({ Labels }: ImageInfo) => Labels?.[labels.stack] === stack && Labels[labels.service] === service;
  const likely = images.toSorted((a, b) => Number(isSame(b)) - Number(isSame(a)) || b.Created - a.Created);
  const there = new Set<string>();
  for (const { Id } of likely.slice(0, looked)) {
    const image = await ifThere(engine.getImage(Id).inspect());
    for (const digest of image?.RootFS.Layers ?? []) there.add(digest);
  }
  return there;
}

/** From this size on a pull that is cut off would cost more than asking in parts does. */
const worthParts = 50e6;
/** Each part brings at least this much, so that an image of many small layers has few parts. */
const partSize = 16e6;

/**
 * How many layers each pull asks for, the last time all: an Engine keeps no layer of a pull that failed, so a large image
 * comes as images of its first layers, of more, of all.
 */
export function partCounts(layers: readonly Layer[], there: ReadonlySet<string>): number[] {
  const sizes = layers.map(({ digest, size }) => (there.has(digest) ? 0 : size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total < worthParts) return [layers.length];
  const counts: number[] = [];
  let gathered = 0;
  for (const [index, size] of sizes.entries()) {
    gathered += size;
    if (gathered < partSize || index === layers.length - 1) continue;
    counts.push(index + 1);
    gathered = 0;
  }
  return [...counts, layers.length];
}
