import { z } from "zod";
import type { Part } from "../services/surface.ts";
import { callText, planField } from "./fields.ts";
import { previewPlan, startFacts, startPlan } from "./starting.ts";
import { defineTool } from "./tool.ts";

const approval =
  "The person approves the plan once for its three parts, outside of this conversation; where this answers `approval_required`, show them tell_the_person and call again after they did.";

const input = z.strictObject({
  plan: planField.describe("hash from propose_plan"),
  preview: z.boolean().default(false).describe("only look: which steps would change something"),
});

interface PartTool {
  part: Part;
  name: string;
  title: string;
  does: string;
  after(plan: string): string;
}

const partTool = ({ part, name, title, does, after }: PartTool) =>
  defineTool({
    name,
    title,
    description: `${does} ${approval} It answers within seconds with a run id for get_run; the same call again finds the same run.`,
    effect: "change",
    previews: true,
    openWorld: true,
    input,
    output: startFacts,
    run({ plan, preview }, call) {
      const given = { plan, ...(preview && { preview }) };
      const starting = { tool: name, input: given, parts: [part], after: after(plan) };
      return preview ? previewPlan(call, plan, starting) : startPlan(call, plan, starting);
    },
  });

/** The three parts of a plan, each a tool: a person's client shows which one is asked for. */
export const [provisionServer, buildImages, deployStack] = [
  partTool({
    part: "provision",
    name: "provision_server",
    title: "Prepare the server",
    does: "First part of a plan: prepares its server (packages, Docker, firewall, SSH settings, swap, proxy).",
    after: (plan) => `Next: ${callText("build_images", { plan })}`,
  }),
  partTool({
    part: "build",
    name: "build_images",
    title: "Build the images",
    does: "Second part of a plan, after provision_server: builds its images, tries them, searches them for secrets and brings them to the server.",
    after: (plan) => `Next: ${callText("deploy_stack", { plan })}`,
  }),
  partTool({
    part: "deploy",
    name: "deploy_stack",
    title: "Deploy the stack",
    does: "Last part of a plan, after build_images: databases, volumes, migrations, certificate, then the new version beside the old one, switched over once it is healthy and verified from outside.",
    after: () => "Next: get_status shows that it answers.",
  }),
] as const;
