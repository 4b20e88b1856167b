import type { Part, RunReading } from "../services/surface.ts";
import { callText } from "./fields.ts";
import { nextAfter } from "./next.ts";

/** What a model does when it has seen a run so. */
export function afterRun({ run, plan, stack, state, parts, failure, log }: RunReading): string {
  switch (state) {
    case "pending":
    case "running":
      return callText("get_run", { run, cursor: log.cursor });
    case "done":
      return afterPart(parts, plan, stack);
    case "failed":
      return `${capital(nextAfter(failure?.code ?? "internal"))} When the cause is mended: ${callText("resume_run", { run })}, or propose_plan where the source or the plan has to change.`;
    case "interrupted":
      return callText("resume_run", { run });
    case "cancelled":
      return `It was stopped. ${callText("resume_run", { run })} goes on, if the person wants that.`;
    case "rolled_back":
      return `What it changed was undone. A new plan: ${callText("propose_plan", { plan, wishes: {} })}`;
  }
}

function afterPart(parts: readonly Part[], plan: string, stack: string): string {
  if (parts.includes("deploy")) return `Deployed and verified. ${callText("get_status", { stack })} looks at it.`;
  return callText(parts.includes("build") ? "deploy_stack" : "build_images", { plan });
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
