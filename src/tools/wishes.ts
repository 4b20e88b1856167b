import { z } from "zod";
import { BerthError } from "../kit/error.ts";
import { Wishes } from "../stages/plan/wishes.ts";
import { looksSecret } from "./looks-secret.ts";

const wished = (field: "stack" | "domain" | "healthPath", says: string) =>
  z
    .string()
    .max(512)
    .refine((text) => Wishes.shape[field].safeParse(text).success, says)
    .optional();

/** What a person wants otherwise, as a model passes it on. */
export const wishesField = z
  .strictObject({
    domain: wished("domain", "a host name, e.g. app.example.com").describe("host name that leads to the server"),
    env: z
      .record(z.string().max(100), z.string().max(4000))
      .refine((env) => Wishes.shape.env.safeParse(env).success, "names of variables: letters, digits, underscores")
      .optional()
      .describe("plain values of environment variables; secrets go through request_secret"),
    memory_megabytes: z.int().min(64).max(1_048_576).optional().describe("for each service"),
    health_path: wished("healthPath", "a path that begins with a slash").describe("answers 2xx once the program is up"),
    health_seconds: z.int().min(1).max(900).optional().describe("how long a new version may take to be healthy"),
    stack: wished("stack", "lower-case letters, digits and dashes").describe(
      "name of the deployment, if not the source's",
    ),
  })
  .describe("What the person wants otherwise; kept for later plans of the same stack");

type Wished = z.infer<typeof wishesField>;

/** Only what was wished: a wish that is there and undefined would take an earlier one away. */
export function wishesOf({ env, memory_megabytes, health_path, health_seconds, ...same }: Wished): Wishes {
  const all = {
    ...same,
    env: env ?? {},
    memoryMegabytes: memory_megabytes,
    healthPath: health_path,
    healthSeconds: health_seconds,
  };
  return Wishes.parse(Object.fromEntries(Object.entries(all).filter(([, wish]) => wish !== undefined)));
}

/**
 * A secret that came as a wish would lie in the plan, in the clear. Throws `secret_in_wish` that names the variables and
 * never a value. `names` are known to be secrets; `known` says whether a text holds a value that a person has set here.
 */
export function refuseSecrets(env: Wishes["env"], names: readonly string[], known: (text: string) => boolean): void {
  const found = Object.entries(env).filter(
    ([name, value]) => names.includes(name) || looksSecret(name, value) || known(value),
  );
  if (found.length === 0) return;
  throw new BerthError({
    code: "secret_in_wish",
    message: "A value that looks like a secret was given as a wish, so no plan was made.",
    object: "wishes.env",
    cause: found.map(([name]) => name).join(", "),
    next: "The person sets it: berth secrets set NAME --stack STACK. A real one that stood in a conversation is best replaced.",
  });
}
