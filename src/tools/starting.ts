import { z } from "zod";
import { visible } from "../kit/text.ts";
import type { Part, PlanRecord, StepPreview } from "../services/surface.ts";
import { approvalFacts, needsApproval, wasDeclined } from "./approval.ts";
import { callText } from "./fields.ts";
import { ongoing } from "./ongoing.ts";
import { unlisted } from "./schemas.ts";
import { type Call, outside } from "./tool.ts";

/** What a tool that starts parts of a plan answers. */
export const startFacts = z.object({
  status: z.string().describe("run, nothing_to_do, approval_required, declined, preview or working"),
  plan: z.string().optional().describe("the plan's whole hash"),
  stack: z.string(),
  run: z.string().optional().describe("id for get_run"),
  ...approvalFacts,
  steps: z.object({ total: z.number(), hold: z.number(), text: z.string() }).optional().meta(unlisted),
  next: z.string(),
});

interface Starting {
  /** The tool that was called and its arguments: what is called again after an approval. */
  tool: string;
  input: Readonly<Record<string, unknown>>;
  parts: readonly Part[];
  /** What follows where nothing is left to do. */
  after: string;
}

/** Starts parts of a plan, or says what keeps them from it; under way at once, followed by get_run. */
export async function startPlan(call: Call, hash: string, { tool, input, parts, after }: Starting) {
  const { surface, asker, signal } = call;
  const { hash: plan, stack } = surface.plans.get(hash);
  const started = await surface.runs.start(plan, parts, asker, signal);
  const again = callText(tool, input);
  switch (started.status) {
    case "nothing_to_do":
      return {
        status: "nothing_to_do",
        plan,
        stack,
        next: `Everything holds already (${started.steps} steps). ${after}`,
      };
    case "approval_required":
      return { plan, stack, ...needsApproval(started, again) };
    case "declined":
      return { plan, stack, ...wasDeclined(started.request) };
    case "run":
      return {
        status: "run",
        plan,
        stack,
        run: started.run,
        next: `${started.fresh ? "Started" : "This run has it already"}; follow it: ${callText("get_run", { run: started.run })}`,
      };
  }
}

/** Makes a plan that follows from what stands, which may take a while, and starts or previews all of it. */
export async function startNew(
  call: Call,
  wanted: { tool: string; input: Readonly<Record<string, unknown>>; stack: string; preview: boolean; what: string },
  propose: (signal: AbortSignal) => Promise<PlanRecord>,
) {
  const { tool, input, stack, preview, what } = wanted;
  const { preview: _asked, ...same } = input;
  const proposed = await ongoing(call, { key: [tool, same], what }, propose);
  if (!proposed.done) return { status: "working", stack, next: `${callText(tool, input)} again.` };
  const { hash } = proposed.value;
  const starting = { tool, input, parts, after: "It runs so already: see get_status." };
  return preview ? previewPlan(call, hash, starting) : startPlan(call, hash, starting);
}

const parts = ["provision", "build", "deploy"] as const;

/** What parts of a plan would do, seen by looking at the server alone. */
export async function previewPlan(call: Call, hash: string, { tool, input, parts }: Omit<Starting, "after">) {
  const { surface } = call;
  const { hash: plan, stack } = surface.plans.get(hash);
  const seen = await ongoing(call, { key: ["preview", plan, parts], what: "looking at the server" }, (signal) =>
    surface.runs.preview(plan, parts, signal),
  );
  if (!seen.done)
    return { status: "working", plan, stack, next: `${callText(tool, input)} again fetches the preview.` };
  const { preview: _asked, ...start } = input;
  return { status: "preview", plan, stack, steps: stepsOf(seen.value), next: `To do it: ${callText(tool, start)}` };
}

const stepsOf = (steps: readonly StepPreview[]) => ({
  total: steps.length,
  hold: steps.filter(({ holds }) => holds).length,
  // A title may quote the repository: the command that prepares its database.
  text: outside(steps.map(lineOf).join("\n"), "steps of the plan", 4000),
});

const lineOf = ({ title, effect, holds }: StepPreview) => `${holds ? "holds" : effect}: ${visible(title)}`;
