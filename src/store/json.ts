import { z } from "zod";

/** A column of JSON text, read as `shape`. */
export const jsonOf = <T>(shape: z.ZodType<T>) =>
  z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue("a column of JSON does not hold any");
        return z.NEVER;
      }
    })
    .pipe(shape);
