import { z } from "zod";
import { stackField } from "./fields.ts";
import { startFacts, startNew } from "./starting.ts";
import { defineTool } from "./tool.ts";

export const redeployStack = defineTool({
  name: "redeploy_stack",
  title: "Deploy the source anew",
  description:
    "Reads the source of a stack as it is now, makes its plan with the wishes that it has, and starts all of it. " +
    "Call it when the repository has changed and nothing else shall; for other wishes, analyze_repo and propose_plan. The person approves the plan. It answers with a run id for get_run.",
  effect: "change",
  previews: true,
  openWorld: true,
  input: z.strictObject({
    stack: stackField.describe("name from get_status"),
    preview: z.boolean().default(false).describe("only look"),
  }),
  output: startFacts,
  run({ stack, preview }, call) {
    const input = { stack, ...(preview && { preview }) };
    const what = "reading the source, and looking at the server";
    return startNew(call, { tool: "redeploy_stack", input, stack, preview, what }, (signal) =>
      call.surface.plans.redeploy(stack, signal),
    );
  },
});
