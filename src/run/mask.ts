import { isDeepStrictEqual } from "node:util";
import type { Failure } from "../kit/error.ts";

type Scrub = (text: string) => string;

/** Plain data with every text in it scrubbed, and whether that changed anything. */
export function maskData(scrub: Scrub, data: unknown): { data: unknown; masked?: true } {
  const clean = scrubbed(scrub, data);
  return isDeepStrictEqual(clean, data) ? { data } : { data: clean, masked: true };
}

export const maskFailure = (scrub: Scrub, { code, message, object, cause, next }: Failure): Failure => ({
  code,
  message: scrub(message),
  object: scrub(object),
  cause: scrub(cause),
  next: scrub(next),
});

function scrubbed(scrub: Scrub, data: unknown): unknown {
  if (typeof data === "string") return scrub(data);
  if (Array.isArray(data)) return data.map((item) => scrubbed(scrub, item));
  if (typeof data !== "object" || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, item]) => [key, scrubbed(scrub, item)]));
}
