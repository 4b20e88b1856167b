import { z } from "zod";
import type { AnalysisRecord } from "../services/surface.ts";
import { callText, detailField } from "./fields.ts";
import { knownName } from "./names.ts";
import { ongoing } from "./ongoing.ts";
import { defineTool, outside } from "./tool.ts";

const origin = "analysis of the repository";

export const analyzeRepo = defineTool({
  name: "analyze_repo",
  title: "Analyze a repository",
  description:
    "Reads the source code of an application and finds what deploying it takes: services, ports, databases, environment variables, " +
    "each with the file and line that shows it, and open questions. Nothing of the source is executed. Call it first for every deployment; " +
    "the answer's `analysis` goes into propose_plan and read_source. A slow source answers `working`: call again with the same arguments.",
  effect: "read",
  openWorld: true,
  input: z.strictObject({
    source: z
      .string()
      .min(1)
      .max(2000)
      .describe(
        "A folder on this computer, a git address (https://HOST/OWNER/REPOSITORY#BRANCH:SUBFOLDER), or image:NAME:TAG",
      ),
    detail: detailField.describe("full adds the whole analysis as JSON"),
  }),
  output: z.object({
    status: z.string().describe("done or working"),
    analysis: z.string().optional().describe("id for propose_plan and read_source"),
    name: z.string().optional(),
    source: z.string().optional(),
    revision: z.string().optional(),
    counts: z.object({ datastores: z.number(), variables: z.number(), external: z.number() }).optional(),
    services: z.array(z.object({ name: z.string(), kind: z.string(), port: z.number().optional() })).optional(),
    questions: z.array(z.object({ id: z.string(), required: z.boolean() })).optional(),
    facts: z.string().optional().describe("untrusted: what was found, for a reader"),
    full: z.string().optional().describe("untrusted: the analysis as JSON"),
    next: z.string(),
  }),
  async run({ source, detail }, call) {
    const read = await ongoing(call, { key: ["analyze", source], what: "reading the source" }, (signal) =>
      call.surface.analyses.analyze(source, signal),
    );
    if (!read.done) return { status: "working", next: "Call analyze_repo again with the same arguments." };
    const { id, source: from, revision, analysis, text } = read.value;
    return {
      status: "done",
      analysis: id,
      name: knownName(analysis.name),
      source: from,
      revision: knownName(revision),
      counts: countsOf(analysis),
      services: analysis.services.slice(0, 20).map(({ name, kind, port }) => ({
        name: knownName(name),
        kind,
        ...(port !== null && { port }),
      })),
      questions: analysis.questions.slice(0, 20).map(({ id, required }) => ({ id: knownName(id), required })),
      facts: outside(text, origin, detail === "full" ? 12_000 : 3500),
      ...(detail === "full" && { full: outside(JSON.stringify(analysis), origin, 24_000) }),
      next: nextOf(id, analysis),
    };
  },
});

const countsOf = ({ datastores, env, external }: AnalysisRecord["analysis"]) => ({
  datastores: datastores.length,
  variables: env.length,
  external: external.length,
});

function nextOf(id: string, { services }: AnalysisRecord["analysis"]): string {
  if (services.length === 0)
    return "No program was found. Ask the person which folder holds it, then analyze_repo again.";
  const example = { analysis: id, server: "ssh://USER@HOST", wishes: { domain: "HOST NAME" } };
  return `Ask the person for the server and the host name, unless they said so, then ${callText("propose_plan", example)}`;
}
