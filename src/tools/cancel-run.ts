import { z } from "zod";
import { approvalFacts, needsApproval, wasDeclined } from "./approval.ts";
import { callText, runField } from "./fields.ts";
import { defineTool } from "./tool.ts";

export const cancelRun = defineTool({
  name: "cancel_run",
  title: "Stop a run",
  description:
    "Asks a run that goes on to stop after what it is doing now. Call it when the person wants that. What was done stays done; going on later takes a new approval. " +
    "The person approves the stop itself, as they approve a start: you cannot.",
  effect: "change",
  openWorld: true,
  input: z.strictObject({ run: runField.describe("id from get_run") }),
  output: z.object({
    status: z.string().describe("asked, approval_required or declined"),
    run: z.string(),
    ...approvalFacts,
    next: z.string(),
  }),
  async run({ run }, { surface, asker }) {
    const asked = await surface.runs.cancel(run, asker);
    if (asked.status === "approval_required") return { run, ...needsApproval(asked, callText("cancel_run", { run })) };
    if (asked.status === "declined") return { run, ...wasDeclined(asked.request) };
    return { status: "asked", run, next: `It stops after its current step: ${callText("get_run", { run })}` };
  },
});
