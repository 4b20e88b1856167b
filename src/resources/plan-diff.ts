import type { PlanDiff } from "../services/surface.ts";
import { sealText } from "../tools/result.ts";
import { plan } from "./plan.ts";
import { recordText } from "./record.ts";
import type { Resource } from "./resource.ts";

export const planDiff: Resource = {
  name: "plan-diff",
  title: "Changes of a plan",
  description: "How a plan differs from the one made before it of its stack, and from the one that was last applied.",
  template: "berth://plans/{id}/diff",
  mimeType: "application/json",
  list: (surface) => plan.list(surface).map(({ id, title }) => ({ id, title: `Changes of ${lowered(title)}` })),
  read(surface, id) {
    const { hash, stack, sinceLast, sinceApplied } = surface.plans.get(id);
    const scrub = (text: string) => surface.scrub(text);
    const sealed = (diff: PlanDiff | null) =>
      diff && {
        against: diff.against,
        count: diff.changes.length,
        changes: sealText(JSON.stringify(diff.changes, null, 1), "changes of a plan", scrub),
      };
    const record = { hash, stack, since_last: sealed(sinceLast), since_applied: sealed(sinceApplied) };
    return recordText(record, surface);
  },
  // What it is compared with may change: a plan made or applied meanwhile.
  tag(surface, id) {
    const { sinceLast, sinceApplied } = surface.plans.get(id);
    return JSON.stringify([sinceLast?.against, sinceApplied?.against]);
  },
};

const lowered = (title: string) => title.charAt(0).toLowerCase() + title.slice(1);
