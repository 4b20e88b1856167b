import type { Image, Service } from "./schema.ts";
import type { PlannedService } from "./service.ts";

/** What comes out the same is built once, under the first service's name, e.g. a web server and a worker of one Dockerfile. */
export function sharedImages(parts: readonly Pick<PlannedService, "planned" | "image">[]): {
  images: Image[];
  planned: Service[];
} {
  const images = new Map<string, Image>();
  const planned = parts.map(({ planned: service, image }) => {
    if (!image) return service;
    const first = images.get(image.tag) ?? image;
    images.set(image.tag, first);
    return { ...service, image: `${first.repository}:${first.tag}` };
  });
  return { images: [...images.values()], planned };
}
