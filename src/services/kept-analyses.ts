import { z } from "zod";
import { hashOf } from "../kit/canonical.ts";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { Analysis } from "../stages/analysis/schema.ts";
import { analysesOf, analysisOf, type StoredAnalysis } from "../store/analyses.ts";
import type { Store } from "../store/store.ts";

/** Where an analysed source lies here, and what it is: a part of what bringing it answered. */
const Place = z.object({
  /** null: an image has no files here. */
  dir: z.string().nullable(),
  kind: z.enum(["folder", "git", "image"]),
  /** Without credentials. */
  address: z.string(),
  revision: z.string(),
  contentHash: z.string(),
  name: z.string(),
  /** Of an image: its reference with the digest, and what it is made for. */
  image: z.string().optional(),
  platforms: z.array(z.string()).optional(),
});
export type Place = z.infer<typeof Place>;

export interface KeptAnalysis {
  id: string;
  place: Place;
  analysis: Analysis;
  created: string;
}

/**
 * The id that the analysis of a copy has. The copy's folder is named after all that it holds: the content hash leaves out
 * what .dockerignore keeps from a build, and an analysis reads that, too. Another version of Berth may find other facts.
 */
export const analysisId = (
  { address, dir, name, contentHash }: Pick<Place, "address" | "dir" | "name" | "contentHash">,
  version: string,
): string => `analysis_${hashOf({ address, dir: dir ?? contentHash, name, version }).slice(0, 16)}`;

/** Throws `no_such_analysis`. */
export function keptAnalysis(store: Store, id: string): KeptAnalysis {
  const stored = analysisOf(store, id);
  if (!stored) throw noSuchAnalysis(id, "The id is misspelt, or the analysis is in another state folder.");
  const kept = read(stored);
  if (!kept) throw noSuchAnalysis(id, "Another version of Berth made it, which this one cannot read.");
  return kept;
}

/** The newest that this version of Berth made of what a plan was made from. */
export const keptOfSource = (
  store: Store,
  source: Pick<Place, "name" | "contentHash">,
  version: string,
): KeptAnalysis | undefined =>
  analysesOf(store, source)
    .map(read)
    .find((kept) => kept !== undefined && kept.id === analysisId(kept.place, version));

/**
 * Where a source of this name and content came from when it was last analysed, whichever version of Berth did: a plan holds
 * the hash of its content and no address. Undefined where that is not kept.
 */
export const addressOf = (store: Store, source: Pick<Place, "name" | "contentHash">): string | undefined =>
  analysesOf(store, source)
    .map(({ resolved }) => Place.safeParse(resolved).data?.address)
    .find((address) => address !== undefined);

/** Of a folder, git address or image, what was typed for it: with the branch that was asked for by name, and the subfolder. */
const Typed = z.object({
  kind: z.string(),
  address: z.string(),
  ref: z.string().nullable().default(null),
  subfolder: z.string().nullable().default(null),
});

/** What to type for a source of this name and content, to have it as it is now. Undefined where that is not kept. */
export function sourceTextOf(store: Store, source: Pick<Place, "name" | "contentHash">): string | undefined {
  const [newest] = analysesOf(store, source).flatMap(({ resolved }) => Typed.safeParse(resolved).data ?? []);
  if (!newest) return undefined;
  const { kind, address, ref, subfolder } = newest;
  const part = subfolder === null ? "" : `:${subfolder}`;
  return kind === "git" && (ref !== null || part !== "") ? `${address}#${ref ?? ""}${part}` : address;
}

/** Undefined where it has not the shape that this version of Berth gives it. */
function read({ id, analysis, resolved, created }: StoredAnalysis): KeptAnalysis | undefined {
  const [place, facts] = [Place.safeParse(resolved), Analysis.safeParse(analysis)];
  return place.success && facts.success ? { id, place: place.data, analysis: facts.data, created } : undefined;
}

const noSuchAnalysis = (id: string, cause: string) =>
  new BerthError({
    code: "no_such_analysis",
    message: "There is no analysis of this id here.",
    object: cleanLine(id, 80),
    cause,
    next: "Analyse the source again: the same content has the same id.",
  });
