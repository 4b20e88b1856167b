import { z } from "zod";
import { detailField, planField } from "./fields.ts";
import { afterPlan, factsOf, planFacts } from "./plan-facts.ts";
import { defineTool } from "./tool.ts";

export const getPlan = defineTool({
  name: "get_plan",
  title: "Read a plan",
  description:
    "Shows a plan that propose_plan made: what it does, what changed since the last plan and since what runs now, its cost and risks. " +
    "Call it to explain a plan to the person or to find its hash again; nothing is contacted.",
  effect: "read",
  openWorld: false,
  input: z.strictObject({
    plan: planField.describe("the plan's hash, or at least 8 of its first digits"),
    detail: detailField.describe("full adds the whole plan as JSON"),
  }),
  output: z.object({ ...planFacts, next: z.string() }),
  async run({ plan, detail }, { surface }) {
    const record = surface.plans.get(plan);
    return { ...factsOf(record, detail), next: afterPlan(record.hash) };
  },
});
