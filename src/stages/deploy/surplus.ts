import { z } from "zod";

/** How many releases of a stack can be gone back to without building anything. */
const keptReleases = 5;

/** What a release's plan says of what it needs; plans of earlier versions too. */
const Needs = z.object({
  services: z.array(z.object({ image: z.string() })),
  secrets: z.array(z.object({ name: z.string(), fingerprint: z.string().optional() })),
});
export type Needs = z.infer<typeof Needs>;

/** A release's folder: when its plan was recorded there (null: never), and whether it holds what can go. */
export interface Release {
  name: string;
  recorded: number | null;
  full: boolean;
}

/** Pure: lines of `NAME SECONDS|- full|-`; a folder that is no release's is left alone. */
export const parseReleases = (printed: string): Release[] =>
  [...printed.matchAll(/^([0-9a-f]{10}) ([\d.]+|-) (full|-)$/gm)].map(([, name = "", recorded = "-", full]) => ({
    name,
    recorded: recorded === "-" ? null : Number(recorded),
    full: full === "full",
  }));

/** The releases that stay: the one that runs, and of the others the newest that were ever applied whole. Pure. */
export function keptOf(releases: readonly Release[], current: string): string[] {
  const applied = releases
    .filter(({ name, recorded }) => name !== current && recorded !== null)
    .toSorted((a, b) => (b.recorded ?? 0) - (a.recorded ?? 0));
  return [current, ...applied.slice(0, keptReleases - 1).map(({ name }) => name)];
}

/** Undefined where it cannot be read: then nobody knows what it needs. */
export function parseNeeds(plan: string): Needs | undefined {
  try {
    return Needs.parse(JSON.parse(plan));
  } catch {
    return undefined;
  }
}

export interface ImageThere {
  id: string;
  /** `repository:tag`; none where it has lost its name. */
  names: readonly string[];
}

/** Of images with the stack's label: what no kept release needs and no container is made from. Pure. */
export function surplusImages(images: readonly ImageThere[], needed: ReadonlySet<string>, used: ReadonlySet<string>) {
  return images.flatMap(({ id, names }) => {
    if ([id, ...names].some((name) => used.has(name))) return [];
    return names.length === 0 ? [id] : names.filter((name) => !needed.has(name));
  });
}

/**
 * Values that a person gave, of versions that no kept release uses. One that was made here is never among them: a volume may
 * still know it, and nobody else does. Pure; paths below the folder of secrets, `NAME/VERSION`.
 */
export const surplusSecrets = (files: readonly string[], needs: readonly Needs[]): string[] => {
  const used = new Set(
    needs.flatMap(({ secrets }) => secrets.map(({ name, fingerprint }) => `${name}/${fingerprint}`)),
  );
  return files.filter((file) => /^[^/]+\/[^/]+$/.test(file) && !/\/v\d+$/.test(file) && !used.has(file));
};
