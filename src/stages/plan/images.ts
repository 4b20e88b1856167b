import type { Analysis } from "../analysis/schema.ts";
import type { Survey } from "../survey/schema.ts";
import { recipeFor } from "./recipes/index.ts";
import type { Plan } from "./schema.ts";
import { neededStores } from "./stores.ts";

/** The proxy that every stack gets, under its usual name. */
export const proxyImage = "caddy:2";

/** The folders of the source that builds of this analysis get to see. */
export const foldersOf = (analysis: Analysis): string[] => [
  ...new Set(builtOf(analysis).map((service) => recipeFor(service).folder(service))),
];

/** The images that a plan of this analysis starts from, under their usual names: the survey finds what they are today. */
export function imagesOf(analysis: Analysis): string[] {
  const bases = builtOf(analysis).flatMap((service) => recipeFor(service).bases(service));
  const pulled = analysis.services.flatMap(({ image }) => (image === null ? [] : withTag(image)));
  const backing = neededStores(analysis).map(({ kind, version }) => kind.image(version));
  return [...new Set([...bases, ...pulled, ...backing, proxyImage])].filter((name) => !isPinned(name)).sort();
}

/** What is applied stays as it is until a person asks for newer images: a moved tag must not restart a database. */
export function pinnedImages(
  { images }: Pick<Survey, "images">,
  kept: Pick<Plan, "proxy" | "backing" | "images" | "services"> | null,
): (name: string) => string {
  const known = kept
    ? [
        kept.proxy.image,
        ...kept.backing.map(({ image }) => image),
        ...kept.images.flatMap(({ bases }) => bases),
        ...kept.services.map(({ image }) => image).filter(isPinned),
      ]
    : [];
  return (name) => {
    if (isPinned(name)) return name;
    const pinned = known.find((reference) => reference.startsWith(`${name}@`)) ?? images[name];
    if (!pinned) throw new Error(`the survey did not look up ${name}`);
    return pinned;
  };
}

/** As Docker reads a name without a tag. */
export const withTag = (name: string): string => (name.includes("@") || /:[^/]*$/.test(name) ? name : `${name}:latest`);

const isPinned = (reference: string) => reference.includes("@sha256:");

const builtOf = ({ services }: Analysis) => services.filter(({ image }) => image === null);
