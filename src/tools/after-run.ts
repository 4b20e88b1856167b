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
      return `A person stopped it. If they want it done after all, ${callText(toolOf[parts[0] ?? "deploy"], { plan })} asks them again.`;
    case "rolled_back":
      return `What it changed was undone. A new plan: ${callText("propose_plan", { plan, wishes: {} })}`;
  }
}

const toolOf: Readonly<Record<Part, string>> = {
  provision: "provision_server",
  build: "build_images",
  deploy: "deploy_stack",
};

function afterPart(parts: readonly Part[], plan: string, stack: string): string {
  if (parts.includes("deploy")) return `Deployed and verified. ${callText("get_status", { stack })} looks at it.`;
  return callText(toolOf[parts.includes("build") ? "deploy" : "build"], { plan });
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
