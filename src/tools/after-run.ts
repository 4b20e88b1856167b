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
      return afterAct(parts, stack) ?? afterPart(parts, plan, stack);
    case "failed":
      return `${capital(nextAfter(failure?.code ?? "internal"))} When the cause is mended: ${callText("resume_run", { run })}, or propose_plan where the source or the plan has to change.`;
    case "interrupted":
      return callText("resume_run", { run });
    case "cancelled":
      return `A person stopped it. If they want it done after all, ${startedBy(parts, plan, stack)} asks them again.`;
    case "rolled_back":
      return `What it changed was undone. A new plan: ${callText("propose_plan", { plan, wishes: {} })}`;
  }
}

const toolOf: Readonly<Record<Part, string>> = {
  provision: "provision_server",
  build: "build_images",
  deploy: "deploy_stack",
};

/** What is asked for again after a person has stopped it. */
function startedBy(parts: RunReading["parts"], plan: string, stack: string): string {
  if (parts.includes("command")) return "run_command with the same arguments";
  if (parts.includes("destroy")) return callText("destroy_stack", { stack });
  const [part = "deploy"] = Object.keys(toolOf).filter((name) => parts.includes(name as Part));
  return callText(toolOf[part as Part], { plan });
}

function afterAct(parts: RunReading["parts"], stack: string): string | undefined {
  if (parts.includes("command")) return "The command has ended: exit_code says how, and log what it printed.";
  if (parts.includes("destroy")) return `${stack} is gone. get_status {} lists what this computer still knows.`;
  return undefined;
}

function afterPart(parts: RunReading["parts"], plan: string, stack: string): string {
  if (parts.includes("deploy")) return `Deployed and verified. ${callText("get_status", { stack })} looks at it.`;
  return callText(toolOf[parts.includes("build") ? "deploy" : "build"], { plan });
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
