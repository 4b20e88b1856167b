import { z } from "zod";
import { visible } from "../kit/text.ts";
import type { PlanDiff, PlanRecord } from "../services/surface.ts";
import { callText } from "./fields.ts";
import { knownName } from "./names.ts";
import { type Outside, outside } from "./tool.ts";

const Changes = z.object({ against: z.string(), count: z.number(), text: z.string().optional().describe("untrusted") });

/** What propose_plan and get_plan say of a plan. */
export const planFacts = {
  hash: z.string().optional().describe("names this exact plan in every later call"),
  stack: z.string().optional(),
  server: z.object({ name: z.string(), address: z.string(), host_key: z.string() }).optional(),
  addresses: z.array(z.string()).optional(),
  secrets: z
    .array(z.object({ name: z.string(), origin: z.string() }))
    .optional()
    .describe("given by a person, or generated"),
  changes: z.object({ since_last: Changes.optional(), since_applied: Changes.optional() }).optional(),
  cost: z.string().optional(),
  risks: z.string().optional().describe("untrusted"),
  plan: z.string().optional().describe("untrusted: the plan for a reader"),
  full: z.string().optional().describe("untrusted: the plan as JSON"),
};

/** The plan in short, or with all of it. */
export function factsOf({ hash, stack, plan, text, sinceLast, sinceApplied }: PlanRecord, detail: "short" | "full") {
  const { server, routes, secrets, risks } = plan;
  const full = detail === "full";
  const at = { name: server.name, address: `${server.user}@${server.host}:${server.port}`, host_key: server.hostKey };
  return {
    hash,
    stack,
    server: at,
    addresses: routes.map(({ host, path }) => `https://${host}${path === "/" ? "" : path}`),
    secrets: secrets.map(({ name, origin }) => ({ name: knownName(name), origin })),
    changes: {
      ...(sinceLast && { since_last: changesOf(sinceLast, full) }),
      ...(sinceApplied && { since_applied: changesOf(sinceApplied, full) }),
    },
    cost: "0: the server is the person's own, and nothing is ordered",
    ...(risks.length > 0 && {
      risks: outside(risks.map(({ about, text: risk }) => `${about}: ${risk}`).join("\n"), "plan", 1000),
    }),
    plan: outside(text, "plan", full ? 16_000 : 3000),
    ...(full && { full: outside(JSON.stringify(plan), "plan", 16_000) }),
  };
}

/** A plan changes nothing by itself: what comes next is the person's look at it. */
export const afterPlan = (hash: string): string =>
  `Show the person what the plan does. When they want it, ${callText("provision_server", { plan: hash })}, then build_images, then deploy_stack: the first asks them for approval. ` +
  `A change of mind: ${callText("propose_plan", { plan: hash, wishes: {} })}`;

function changesOf({ against, changes }: PlanDiff, full: boolean) {
  return { against, count: changes.length, ...(changes.length > 0 && { text: changesText(changes, full ? 60 : 12) }) };
}

function changesText(changes: PlanDiff["changes"], most: number): Outside {
  const lines = changes.slice(0, most).map(({ path, from, to }) => `${visible(path)}: ${side(from)} → ${side(to)}`);
  const left = changes.length - most;
  return outside([...lines, ...(left > 0 ? [`… and ${left} more`] : [])].join("\n"), "changes of the plan", most * 120);
}

const side = (value: unknown): string => (value === undefined ? "nothing" : visible(JSON.stringify(value)));
