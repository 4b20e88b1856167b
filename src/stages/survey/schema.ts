import { z } from "zod";
import { ServerFacts } from "./server-facts.ts";

/** Dated facts from outside that a plan needs. Nothing in it was guessed, and nothing in it is wished. */
export const Survey = z.object({
  /** ISO time of the look. */
  at: z.string(),
  target: z.object({ name: z.string(), host: z.string(), port: z.int(), user: z.string() }),
  /** `SHA256:…` */
  hostKey: z.string(),
  server: ServerFacts,
  /** The Engine on this machine that could build; null where there is none. */
  builder: z.object({ architecture: z.string(), engine: z.string() }).nullable(),
  /** Images under their usual names with their content: `node:24-slim` → `node:24-slim@sha256:…`. */
  images: z.record(z.string(), z.string()),
});
export type Survey = z.infer<typeof Survey>;
