import { z } from "zod";
import { approvalFacts, needsApproval, wasDeclined } from "./approval.ts";
import { callText, stackField } from "./fields.ts";
import { ongoing } from "./ongoing.ts";
import { type Call, defineTool, outside } from "./tool.ts";

export const destroyStack = defineTool({
  name: "destroy_stack",
  title: "Take a stack away with its data",
  description:
    "Removes a stack from its server: containers, databases, volumes, secrets, releases. There is no way back. " +
    "Call it only when the person wants exactly that; with preview it says what is lost, which you show them first. The person types the name of the stack to approve. It answers with a run id for get_run.",
  effect: "destroy",
  previews: true,
  openWorld: true,
  input: z.strictObject({
    stack: stackField.describe("name from get_status"),
    preview: z.boolean().default(false).describe("only look: what is lost"),
  }),
  output: z.object({
    status: z.string().describe("run, gone, approval_required, declined, preview or working"),
    stack: z.string(),
    run: z.string().optional(),
    lost: z.string().optional().describe("untrusted"),
    ...approvalFacts,
    next: z.string(),
  }),
  run: ({ stack, preview }, call) => (preview ? look(stack, call) : destroy(stack, call)),
});

async function look(stack: string, call: Call) {
  const seen = await ongoing(call, { key: ["loss", stack], what: "looking at the server" }, (signal) =>
    call.surface.stacks.loss(stack, signal),
  );
  if (!seen.done)
    return { status: "working", stack, next: `${callText("destroy_stack", { stack, preview: true })} again.` };
  if (seen.value === null) return gone(stack);
  return {
    status: "preview",
    stack,
    lost: outside(seen.value, "what is on the server", 4000),
    next: `Show the person what is lost. If they want it: ${callText("destroy_stack", { stack })}`,
  };
}

async function destroy(stack: string, { surface, asker, signal }: Call) {
  const outcome = await surface.stacks.destroy(stack, asker, signal);
  switch (outcome.status) {
    case "gone":
      return gone(stack);
    case "approval_required":
      return { stack, ...needsApproval(outcome, callText("destroy_stack", { stack })) };
    case "declined":
      return { stack, ...wasDeclined(outcome.request) };
    case "run":
      return {
        status: "run",
        stack,
        run: outcome.run,
        next: `${outcome.fresh ? "Started" : "This run is at it"}; follow it: ${callText("get_run", { run: outcome.run })}`,
      };
  }
}

const gone = (stack: string) => ({ status: "gone", stack, next: "Nothing is left of it on its server." });
