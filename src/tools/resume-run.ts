import { z } from "zod";
import { callText, runField } from "./fields.ts";
import { defineTool } from "./tool.ts";

export const resumeRun = defineTool({
  name: "resume_run",
  title: "Go on with a run",
  description:
    "Goes on with a run that was interrupted or failed, under the approval that it has; what holds already is not done again. " +
    "Call it after the cause is mended. A changed plan needs propose_plan instead. Follow it with get_run.",
  effect: "change",
  openWorld: true,
  input: z.strictObject({ run: runField.describe("id from get_run") }),
  output: z.object({ status: z.string(), run: z.string(), next: z.string() }),
  async run({ run }, { surface }) {
    await surface.runs.resume(run);
    return { status: "run", run, next: callText("get_run", { run }) };
  },
});
