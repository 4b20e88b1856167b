import { z } from "zod";
import { Name } from "../stages/plan/wishes.ts";

// Patterns of ours need flags that not every client's JSON Schema knows, so they are checked here and only described there.

/** A stack's or a service's name as an argument. */
export const stackField = z
  .string()
  .max(40)
  .refine((text) => Name.safeParse(text).success, "lower-case letters, digits and dashes");

/** A plan's hash, or the beginning of one. */
export const planField = z
  .string()
  .max(64)
  .refine((text) => /^[0-9a-f]{8,64}$/.test(text), "at least 8 of the hash's hexadecimal digits");

export const runField = z
  .string()
  .max(40)
  .refine((text) => /^run_[0-9a-z]+$/.test(text), "an id such as run_01k9…");

/** How much of a long text is wanted. */
export const detailField = z.enum(["short", "full"]).default("short");

/** JSON in one line, for a sentence that names the next call: `get_run {"run":"run_01"}`. */
export const callText = (tool: string, input: Readonly<Record<string, unknown>>): string =>
  `${tool} ${JSON.stringify(input)}`;
