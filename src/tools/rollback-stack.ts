import { z } from "zod";
import { BerthError } from "../kit/error.ts";
import type { Surface } from "../services/surface.ts";
import { planField, stackField } from "./fields.ts";
import { previewPlan, startFacts, startPlan } from "./starting.ts";
import { defineTool } from "./tool.ts";

export const rollbackStack = defineTool({
  name: "rollback_stack",
  title: "Go back to an earlier version",
  description:
    "Applies an earlier plan of a stack again: the one before the one that runs, or the one named by `to`. Data in databases and volumes stays as it is. " +
    "Call it when a new version misbehaves; get_status first shows what runs. The person approves it like a deployment: you cannot, and `approval_required` says what to show them. " +
    "It answers with a run id for get_run.",
  effect: "change",
  previews: true,
  openWorld: true,
  input: z.strictObject({
    stack: stackField.describe("name from get_status"),
    to: planField.optional().describe("hash of the plan to go back to"),
    preview: z.boolean().default(false).describe("only look: which steps would change something"),
  }),
  output: startFacts,
  run({ stack, to, preview }, call) {
    const plan = planToApply(call.surface, stack, to);
    const given = { stack, to: plan, ...(preview && { preview }) };
    const parts = ["provision", "build", "deploy"] as const;
    const starting = {
      tool: "rollback_stack",
      input: given,
      parts,
      after: "That version runs already: see get_status.",
    };
    return preview ? previewPlan(call, plan, starting) : startPlan(call, plan, starting);
  },
});

function planToApply({ plans, runs, stacks }: Surface, stack: string, to: string | undefined): string {
  const { name } = stacks.get(stack);
  if (to === undefined) return runs.earlierPlan(name);
  const plan = plans.get(to);
  if (plan.stack === name) return plan.hash;
  throw new BerthError({
    code: "other_stack",
    message: "This plan is of another stack, so nothing was done.",
    object: stack,
    cause: `The plan ${plan.hash.slice(0, 12)} is of ${plan.stack}.`,
    next: `berth rollback ${plan.stack}`,
  });
}
