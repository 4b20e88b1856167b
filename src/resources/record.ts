import type { Surface } from "../services/surface.ts";

/** A record as JSON in which no text holds a secret; text from outside was sealed before. */
export function recordText(record: object, surface: Surface): string {
  const scrub = surface.scrubber();
  return JSON.stringify(record, (_key, value: unknown) => (typeof value === "string" ? scrub(value) : value), 1);
}
