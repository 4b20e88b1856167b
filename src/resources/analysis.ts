import { cleanLine } from "../kit/text.ts";
import { sealText } from "../tools/result.ts";
import { recordText } from "./record.ts";
import { listedMost, type Resource } from "./resource.ts";

export const analysis: Resource = {
  name: "analysis",
  title: "Analysis",
  description:
    "What Berth found in a source: services, environment, ports, databases, open questions, each with where.",
  template: "berth://analyses/{id}",
  mimeType: "application/json",
  list: ({ analyses }) =>
    analyses
      .list()
      .slice(0, listedMost)
      .map(({ id, source, created }) => ({ id, title: `Analysis of ${cleanLine(source, 120)}, ${created}` })),
  read(surface, id) {
    const { source, revision, created, analysis: facts } = surface.analyses.get(id);
    const record = { id, source: cleanLine(source), revision: cleanLine(revision), created };
    const sealed = sealText(JSON.stringify(facts, null, 1), "analysed source", (text) => surface.scrub(text));
    return recordText({ ...record, analysis: sealed }, surface);
  },
  // An analysis of the same content never changes.
  tag: (surface, id) => surface.analyses.get(id).id,
};
