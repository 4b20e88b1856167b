import { z } from "zod";
import { readFile, writeFile } from "../../host/files.ts";
import type { StageContext } from "../context.ts";
import { defineStep } from "../context.ts";
import { EnvSource, SecretUse } from "../plan/schema.ts";
import { parseEnv, renderEnv } from "./env-file.ts";
import { environmentFile } from "./names.ts";
import { missingSecrets, readSecrets } from "./secrets.ts";

/** What it takes to know a container's environment: where each value comes from, and which secrets those are. */
export const Environment = z.object({
  stack: z.string(),
  release: z.string(),
  /** Name of the service or backing service. */
  part: z.string(),
  env: z.record(z.string(), EnvSource),
  secrets: z.array(SecretUse),
});
export type Environment = z.infer<typeof Environment>;

/** One file a release and service, root's alone: a release that is there is never changed by a later one. */
export const environment = defineStep({
  kind: "deploy.environment",
  effect: "change",
  input: Environment,
  before: z.null(),
  output: z.object({ file: z.string(), names: z.array(z.string()) }),
  title: ({ part, env }) => `environment of ${part} (${Object.keys(env).length} variables)`,

  observe: async (input, ctx) => {
    const file = environmentFile(input.stack, input.release, input.part);
    const wanted = await rendered(input, ctx);
    if (wanted === undefined || (await readFile(ctx.host, file)) !== wanted) return { before: null };
    return { output: { file, names: Object.keys(input.env) } };
  },

  apply: async (input, _before, ctx) => {
    const wanted = await rendered(input, ctx);
    if (wanted === undefined) throw missingSecrets(input.stack);
    const lock = await ctx.lock("stack");
    await writeFile(lock, environmentFile(input.stack, input.release, input.part), wanted, { mode: "0600" });
  },

  undo: async ({ stack, release, part }, _before, ctx) => {
    const lock = await ctx.lock("stack");
    await lock.run(["rm", "-f", "--", environmentFile(stack, release, part)]);
  },
});

async function rendered({ stack, env, secrets }: Environment, ctx: StageContext): Promise<string | undefined> {
  const values = await readSecrets(ctx, stack, secrets);
  if (values === undefined) return undefined;
  const resolved = resolveEnv(env, values);
  for (const value of derived(env, resolved)) ctx.hide(value);
  return renderEnv(resolved);
}

/**
 * Each variable's value, in the order of the names: a plan that was kept has its keys in another order than the same plan just
 * made, and must give the same file. Throws a RangeError where `secrets` lacks one: `secretsOf` has found them all in the plan.
 */
export function resolveEnv(env: Environment["env"], secrets: ReadonlyMap<string, string>): Map<string, string> {
  const secret = (name: string): string => {
    const value = secrets.get(name);
    if (value === undefined) throw new RangeError(`no value for the secret ${name}`);
    return value;
  };
  const resolve = (source: EnvSource): string => {
    if (source.from === "value") return source.value;
    if (source.from === "secret") return secret(source.secret);
    return source.parts.map((part) => (typeof part === "string" ? part : secret(part.secret))).join("");
  };
  const named = Object.entries(env).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return new Map(named.map(([name, source]) => [name, resolve(source)]));
}

/** The environment of a release as `NAME=value`, read from its file; what comes from a secret is hidden before. */
export async function readEnvironment(input: Environment, ctx: StageContext): Promise<string[]> {
  const text = await readFile(ctx.host, environmentFile(input.stack, input.release, input.part));
  if (text === undefined) throw missingSecrets(input.stack);
  const values = parseEnv(text);
  for (const value of derived(input.env, values)) ctx.hide(value);
  return [...values].map(([name, value]) => `${name}=${value}`);
}

/** The same from the secrets themselves, whatever somebody has made of the file; undefined where one is missing. */
export async function plannedEnvironment(input: Environment, ctx: StageContext): Promise<string[] | undefined> {
  const secrets = await readSecrets(ctx, input.stack, input.secrets);
  if (secrets === undefined) return undefined;
  const values = resolveEnv(input.env, secrets);
  for (const value of derived(input.env, values)) ctx.hide(value);
  return [...values].map(([name, value]) => `${name}=${value}`);
}

/** Values that hold a secret: an address with a password in it is one as a whole, too. */
const derived = (env: Environment["env"], values: ReadonlyMap<string, string>): string[] =>
  Object.entries(env).flatMap(([name, source]) => {
    const secret =
      source.from === "secret" ||
      (source.from === "reference" && source.parts.some((part) => typeof part !== "string"));
    const value = values.get(name);
    return secret && value !== undefined ? [value] : [];
  });
