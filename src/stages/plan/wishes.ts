import { z } from "zod";
import { Name } from "./schema.ts";

/** What a person wants otherwise, as structured changes: the only way in which words become a plan. */
export const Wishes = z.strictObject({
  stack: Name.optional(),
  domain: z
    .string()
    .regex(
      /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
      "a host name, e.g. app.example.com",
    )
    .optional(),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of a variable"), z.string()).default({}),
  memoryMegabytes: z.int().min(64).max(1_048_576).optional(),
  healthPath: z.string().startsWith("/").max(512).optional(),
  /** Takes the newest images under the planned names instead of those last applied. */
  updateImages: z.boolean().default(false),
});
export type Wishes = z.infer<typeof Wishes>;
