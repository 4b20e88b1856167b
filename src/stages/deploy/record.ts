import { z } from "zod";
import { readFile, writeFile } from "../../host/files.ts";
import { canonicalJson } from "../../kit/canonical.ts";
import { paths } from "../../kit/layout.ts";
import type { StageContext } from "../context.ts";
import { defineStep } from "../context.ts";
import { Plan } from "../plan/schema.ts";
import { renderCompose } from "./compose.ts";
import { findContainer } from "./containers.ts";
import { engineIfAny } from "./engine.ts";
import { undoImpossible } from "./undo.ts";

const Applied = z.object({ serial: z.int().min(0), planHash: z.string() });

const Input = z.object({
  plan: Plan,
  planHash: z.string(),
  release: z.string(),
  /** The container that each service runs in. */
  containers: z.array(z.object({ service: z.string(), container: z.string() })),
});
type Input = z.infer<typeof Input>;

/** The last step: what runs now, as a compose file and as the plan; then, last of all, that this plan is applied whole. */
export const record = defineStep({
  kind: "deploy.record",
  effect: "change",
  input: Input,
  before: z.object({ applied: z.string().nullable(), compose: z.string().nullable() }),
  output: z.object({ serial: z.int(), compose: z.string() }),
  title: ({ release }) => `record that release ${release} is applied`,

  observe: async ({ plan, planHash, release, containers }, ctx) => {
    const before = await there(plan.stack, ctx);
    const applied = parseApplied(before.applied);
    const planned = await readFile(ctx.host, planFile(plan.stack, release));
    const compose = await composeNow({ plan, planHash, release, containers }, ctx);
    const holds = applied?.planHash === planHash && planned === canonicalJson(plan) && before.compose === compose;
    return holds ? { output: { serial: applied.serial, compose: paths.compose(plan.stack) } } : { before };
  },

  apply: async (input, _before, ctx) => {
    const { plan, planHash, release } = input;
    const { stack } = plan;
    const compose = await composeNow(input, ctx);
    const applied = parseApplied((await there(stack, ctx)).applied);
    const lock = await ctx.lock("stack");
    await writeFile(lock, planFile(stack, release), canonicalJson(plan), { mode: "0600" });
    await writeFile(lock, paths.compose(stack), compose, { mode: "0600" });
    if (applied?.planHash === planHash) return;
    const now = {
      serial: (applied?.serial ?? 0) + 1,
      planHash,
      plan,
      at: new Date().toISOString(),
      berth: ctx.version,
    };
    await writeFile(lock, paths.applied(stack), `${JSON.stringify(now, null, 1)}\n`, { mode: "0600" });
  },

  // Once there was an earlier release, its containers are gone by now: going back is applying the earlier plan.
  undo: async ({ plan: { stack } }, { applied }, ctx) => {
    if (applied !== null) throw undoImpossible(stack);
    const lock = await ctx.lock("stack");
    await lock.run(["rm", "-f", "--", paths.applied(stack), paths.compose(stack)]);
  },
});

const planFile = (stack: string, release: string) => `${paths.release(stack, release)}/plan.json`;

async function there(stack: string, { host }: StageContext) {
  const applied = await readFile(host, paths.applied(stack));
  const compose = await readFile(host, paths.compose(stack));
  return { applied: applied ?? null, compose: compose ?? null };
}

const parseApplied = (text: string | null) => (text === null ? undefined : Applied.parse(JSON.parse(text)));

async function composeNow({ plan, release, containers }: Input, ctx: StageContext): Promise<string> {
  const engine = await engineIfAny(ctx);
  const addresses: Record<string, string> = {};
  for (const { service, container } of containers) {
    const found = engine && (await findContainer(engine, container));
    if (found?.address) addresses[service] = found.address;
  }
  return renderCompose(plan, release, addresses);
}
