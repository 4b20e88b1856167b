import type { Surface } from "../services/surface.ts";

/** A record as JSON in which no text holds a secret; text from outside was sealed before. */
export const recordText = (record: object, surface: Surface): string =>
  JSON.stringify(record, (_key, value: unknown) => (typeof value === "string" ? surface.scrub(value) : value), 1);
