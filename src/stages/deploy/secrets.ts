import { z } from "zod";
import { readFile, writeFile } from "../../host/files.ts";
import { sh } from "../../host/quote.ts";
import { BerthError } from "../../kit/error.ts";
import { paths } from "../../kit/layout.ts";
import { generate } from "../../secrets/generate.ts";
import type { StageContext } from "../context.ts";
import { defineStep } from "../context.ts";
import { secretVersion } from "../plan/release.ts";
import { SecretUse } from "../plan/schema.ts";

/** One file a value. Values stay as long as there are releases that use them, so that an earlier plan finds its own. */
const secretFile = (stack: string, use: SecretUse) => `${paths.secrets(stack)}/${use.name}/${secretVersion(use)}`;

/**
 * Puts each secret's value into the stack's folder on the server: once, and never anew. With given ones goes the key of their
 * fingerprints, so that a computer that adopts the stack plans the same bytes.
 */
export const secrets = defineStep({
  kind: "deploy.secrets",
  effect: "change",
  input: z.object({ stack: z.string(), secrets: z.array(SecretUse) }),
  before: z.object({ missing: z.array(z.string()) }),
  output: z.object({ names: z.array(z.string()) }),
  title: ({ secrets: uses }) => `secrets ${uses.map(({ name }) => name).join(", ") || "(none)"}`,

  observe: async ({ stack, secrets: uses }, ctx) => {
    const missing = (await missingOf(stack, uses, ctx)).map(({ name }) => name);
    if (await lacksKey(stack, uses, ctx)) missing.push(keyName);
    if (missing.length > 0) return { before: { missing } };
    return { output: { names: uses.map(({ name }) => name) } };
  },

  // Asked again what is missing: a value that is there must never be made anew.
  apply: async ({ stack, secrets: uses }, _before, ctx) => {
    const lock = await ctx.lock("stack");
    await lock.run(["install", "-d", "-m", "0700", "--", paths.stack(stack), paths.secrets(stack)]);
    for (const use of await missingOf(stack, uses, ctx)) {
      const value = use.origin === "generated" ? generate(use).reveal() : ctx.givenSecret(use.name);
      ctx.hide(value);
      await writeFile(lock, secretFile(stack, use), value, { mode: "0600" });
    }
    if (await lacksKey(stack, uses, ctx))
      await writeFile(lock, paths.fingerprintKey(stack), ctx.fingerprintKey(), { mode: "0600" });
  },
});

/** Said beside the names of secrets, and none itself. */
const keyName = "(fingerprint key)";

/** A key that a deploy from elsewhere left and that nothing stands by is replaced: fingerprints count by the plan's own. */
async function lacksKey(stack: string, uses: readonly SecretUse[], ctx: StageContext): Promise<boolean> {
  if (!uses.some(({ origin }) => origin === "given")) return false;
  const there = await readFile(ctx.host, paths.fingerprintKey(stack));
  if (there !== undefined) ctx.hide(there);
  return there !== ctx.fingerprintKey();
}

async function missingOf(stack: string, uses: readonly SecretUse[], ctx: StageContext): Promise<SecretUse[]> {
  const files = uses.map((use) => secretFile(stack, use));
  const listed = await ctx.host.read(sh('for f; do [ -e "$f" ] && echo yes || echo no; done', ...files));
  const there = listed.split("\n");
  return uses.filter((_, n) => there[n] !== "yes");
}

/** The values on the server, by name, each hidden from logs before it is given out. Undefined where one is missing. */
export async function readSecrets(
  ctx: StageContext,
  stack: string,
  uses: readonly SecretUse[],
): Promise<Map<string, string> | undefined> {
  const values = new Map<string, string>();
  for (const use of uses) {
    const value = await readFile(ctx.host, secretFile(stack, use));
    if (value === undefined) return undefined;
    ctx.hide(value);
    values.set(use.name, value);
  }
  return values;
}

/** For a step that comes after the secrets were put there. */
export const missingSecrets = (stack: string): BerthError =>
  new BerthError({
    code: "secrets_missing",
    message: "A secret's value is not on the server.",
    object: paths.secrets(stack),
    cause: "Somebody has removed it after it was put there.",
    next: "Set it again if it is yours (berth secrets set NAME), then: berth up",
  });
