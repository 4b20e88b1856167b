import { z } from "zod";
import { jsonOf } from "./json.ts";
import type { Store } from "./store.ts";

const Analysis = z.object({
  id: z.string(),
  /** The source as the person named it. */
  source: z.string(),
  analysis: jsonOf(z.unknown()),
  created: z.string(),
  /** Where its content lies here; null in what an older version kept. */
  resolved: jsonOf(z.unknown()).nullable(),
});
export type StoredAnalysis = z.infer<typeof Analysis>;

/** Keeps an analysis; one of the same id is replaced, since answers to questions refine it. */
export const putAnalysis = (store: Store, { id, source, analysis, created, resolved }: StoredAnalysis): void => {
  const insert = "INSERT OR REPLACE INTO analyses (id, source, analysis, created, resolved) VALUES (?, ?, ?, ?, ?)";
  store.run(insert, id, source, JSON.stringify(analysis), created, resolved == null ? null : JSON.stringify(resolved));
};

export const analysisOf = (store: Store, id: string): StoredAnalysis | undefined =>
  store.get(Analysis, "SELECT * FROM analyses WHERE id = ?", id);

/** Those whose content lies here, newest first, without what was found in them. */
export const analysisLines = (store: Store, most: number): Pick<StoredAnalysis, "id" | "source" | "created">[] =>
  store.all(
    Analysis.pick({ id: true, source: true, created: true }),
    "SELECT id, source, created FROM analyses WHERE resolved IS NOT NULL ORDER BY created DESC, rowid DESC LIMIT ?",
    most,
  );

/** Those of a source of this name in which a build sees this content, newest first. */
export const analysesOf = (store: Store, of: { name: string; contentHash: string }): StoredAnalysis[] =>
  store.all(
    Analysis,
    `SELECT * FROM analyses WHERE resolved ->> '$.name' = ? AND resolved ->> '$.contentHash' = ?
     ORDER BY created DESC, rowid DESC`,
    of.name,
    of.contentHash,
  );
