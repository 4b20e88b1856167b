import { z } from "zod";
import { jsonOf } from "./json.ts";
import type { Store } from "./store.ts";

const Analysis = z.object({
  id: z.string(),
  /** The source as the person named it. */
  source: z.string(),
  analysis: jsonOf(z.unknown()),
  created: z.string(),
});
export type StoredAnalysis = z.infer<typeof Analysis>;

/** Keeps an analysis; one of the same id is replaced, since answers to questions refine it. */
export const putAnalysis = (store: Store, { id, source, analysis, created }: StoredAnalysis): void =>
  store.run("INSERT OR REPLACE INTO analyses VALUES (?, ?, ?, ?)", id, source, JSON.stringify(analysis), created);

export const analysisOf = (store: Store, id: string): StoredAnalysis | undefined =>
  store.get(Analysis, "SELECT * FROM analyses WHERE id = ?", id);
