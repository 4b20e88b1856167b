import { z } from "zod";
import { BerthError } from "../kit/error.ts";
import { stackField } from "./fields.ts";
import { startFacts, startNew } from "./starting.ts";
import { defineTool } from "./tool.ts";

export const scaleService = defineTool({
  name: "scale_service",
  title: "Scale a service",
  description:
    "Changes how many containers of a service run, or their limits, and nothing else. " +
    "Call it when get_status shows that memory or processors are short, or when the person wants it. The person approves the plan. It answers with a run id for get_run.",
  effect: "change",
  previews: true,
  openWorld: true,
  input: z.strictObject({
    stack: stackField.describe("name from get_status"),
    service: stackField.describe("its name"),
    replicas: z.int().min(1).max(20).optional().describe("how many"),
    memory_megabytes: z.int().min(64).max(1_048_576).optional().describe("of each"),
    cpus: z.number().min(0.05).max(256).optional().describe("of each"),
    preview: z.boolean().default(false).describe("only look"),
  }),
  output: startFacts,
  run({ preview, ...asked }, call) {
    const { stack, service, replicas, memory_megabytes: memoryMegabytes, cpus } = asked;
    const wished = {
      ...(replicas !== undefined && { replicas }),
      ...(memoryMegabytes !== undefined && { memoryMegabytes }),
      ...(cpus !== undefined && { cpus }),
    };
    if (Object.keys(wished).length === 0) throw nothingWished(service);
    const input = { ...asked, ...(preview && { preview }) };
    const what = "looking at the server";
    return startNew(call, { tool: "scale_service", input, stack, preview, what }, (signal) =>
      call.surface.plans.scale(stack, { [service]: wished }, signal),
    );
  },
});

const nothingWished = (service: string) =>
  new BerthError({
    code: "bad_wish",
    message: "Nothing says what shall change.",
    object: service,
    cause: "None of replicas, memory_megabytes and cpus was given.",
    next: "Give at least one of them.",
  });
