import { sealText } from "../tools/result.ts";
import { listedMost, type Resource } from "./resource.ts";

export const plan: Resource = {
  name: "plan",
  title: "Plan",
  description: "The whole desired state of a stack as a person reads it before they approve it.",
  template: "berth://plans/{id}",
  mimeType: "text/markdown",
  list: ({ plans }) =>
    plans
      .list()
      .slice(0, listedMost)
      .map(({ hash, stack, created }) => ({ id: hash, title: `Plan ${hash.slice(0, 12)} of ${stack}, ${created}` })),
  read: (surface, id) => sealText(surface.plans.get(id).text, "plan", (text) => surface.scrub(text)),
  // Its hash is its identity: another content is another plan.
  tag: (surface, id) => surface.plans.get(id).hash,
};
