import { visible } from "../../kit/text.ts";
import { diffPlans } from "./diff.ts";
import type { Plan } from "./schema.ts";

/** A plan that stands, for the one that would replace it. */
export interface StandingPlan {
  plan: Plan;
  hash: string;
  /** The day on which the other one was applied before, if it was: then it is gone back to. */
  appliedOn: string | undefined;
}

/** How many settings differ from what stands, and whether this goes back; for the lines of `differences`. */
export function differencesTitle({ hash, appliedOn }: StandingPlan, found: number): string {
  const back = appliedOn === undefined ? "" : `Back to what was applied on ${appliedOn}. `;
  return `${back}Settings that differ from plan ${hash.slice(0, 12)}, which stands: ${found || "none"}`;
}

/** Both for a terminal. */
export function renderDifferences(stands: StandingPlan, plan: Plan): string {
  const found = differences(stands.plan, plan);
  return [differencesTitle(stands, found.length), ...found.map((line) => `  * ${visible(line)}`)].join("\n");
}

/** How much of a value a line shows. */
const shownLength = 40;

/**
 * What a person would want to know of the change from one plan to another, a line each, what matters most first: the new
 * value before the old one, since a narrow view cuts the end. Not the content of the source, which has other names in any
 * case: its images' tags. Holds text of the repository: for `visible`.
 */
export function differences(from: Plan, to: Plan): string[] {
  return diffPlans(from, to)
    .filter(({ path, from: before, to: after }) => !isContent(path) && !isReason(path, before ?? after))
    .map(({ path, ...sides }) => ({ path, rank: rankOf(path), sides }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ path, sides: { from: before, to: after } }) => {
      const [was, is] = bothShown(before, after);
      return `${path}: ${is} (was ${was})`;
    });
}

/** What another content of the source changes by itself. */
const isContent = (path: string) => /^source\.|^images\.[^.]+\.(?:tag|context)$|^services\.[^.]+\.image$/.test(path);

/** A sentence says why and changes nothing; a variable may well be named `why`, and its source is no string. */
const isReason = (path: string, value: unknown) =>
  /^(?:reasons|risks)(?:\.|$)/.test(path) || (path.endsWith(".why") && typeof value === "string");

/** Where it is reached, then what runs and what is kept, then how that is made. */
const order = ["server", "routes", "backing", "services", "secrets", "volumes", "provision", "tls", "proxy", "network"];

function rankOf(path: string): number {
  const found = order.indexOf(path.split(".")[0] ?? "");
  return found < 0 ? order.length : found;
}

/** Both values, from where they differ on if that lies behind what is shown. */
function bothShown(from: unknown, to: unknown): [string, string] {
  const [before, after] = [[...textOf(from)], [...textOf(to)]];
  const differ = before.findIndex((char, at) => char !== after[at]);
  const start = differ < shownLength - 10 ? 0 : differ - 5;
  return [shown(before, start), shown(after, start)];
}

function shown(chars: readonly string[], start: number): string {
  const end = start + shownLength;
  return `${start > 0 ? "…" : ""}${chars.slice(start, end).join("")}${chars.length > end ? "…" : ""}`;
}

/** In quotation marks, so that no value passes for the words around it. */
function textOf(value: unknown): string {
  if (value === undefined) return "none";
  const { from, value: plain, host, service } = Object(value) as Record<string, unknown>;
  // Of a whole route its name says the rest.
  if (host !== undefined && typeof service === "string") return JSON.stringify(service);
  return JSON.stringify(from === "value" ? plain : value);
}
