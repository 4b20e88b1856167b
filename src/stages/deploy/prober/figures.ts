import { join } from "node:path";
import { z } from "zod";
import type { RunEvent } from "../../../run/event.ts";
import type { Probed, ProbeRecord } from "./prober.ts";

/** What the requests of a while came to. Times in ms; those of `versions` and `switched` from the first request on. */
export const Figures = z.object({
  /** ISO time of the first request. */
  from: z.string(),
  /** Until the last answer. */
  lasted: z.number(),
  sent: z.int(),
  failed: z.int(),
  /** How often each kind of failure was seen: an HTTP status, or the code of an error. */
  failures: z.record(z.string(), z.int()),
  /** Due, but not sent: this computer had no time, or was asleep. */
  missed: z.int(),
  /** Of all requests, those that failed too. */
  slowest: z.number(),
  /** Of those that were answered well; null where none was. */
  p50: z.number().nullable(),
  p99: z.number().nullable(),
  /** The longest time in which requests were under way and none was answered well. */
  unanswered: z.number(),
  /** When the proxy was pointed at the new release; null where that did not last, or was not begun. */
  switched: z.number().nullable(),
  /** Which answers were seen, each from when to when; empty where every other answer differs anyhow. */
  versions: z.array(z.object({ version: z.string(), answers: z.int(), first: z.number(), last: z.number() })),
});
export type Figures = z.infer<typeof Figures>;

/** As the journal names what is measured here. */
export const measured = "requests";

/** In a run's folder: every request as a line of JSON. */
export const requestsFile = (runDir: string): string => join(runDir, "requests.jsonl");

/** What a run's event says of requests; undefined where it is about something else, or of another version of Berth. */
export function figuresIn(event: RunEvent): Figures | undefined {
  return event.event === "measured" && event.what === measured ? Figures.safeParse(event.figures).data : undefined;
}

/** More different answers than this tell nothing about versions: they hold the time, or a token. */
const mostVersions = 8;

/** Pure. `switchedAt`: ms since 1970, as the records have it. */
export function figuresOf({ records, missed }: Probed, switchedAt: number | null): Figures {
  const from = records.reduce((first, { at }) => Math.min(first, at), Number.POSITIVE_INFINITY);
  const sinceFirst = (time: number) => whole(time - from);
  const good = records.filter(({ ok }) => ok);
  const times = good.map(({ ms }) => ms).sort((a, b) => a - b);
  const failures: Record<string, number> = {};
  for (const record of records) if (!record.ok) failures[kindOf(record)] = (failures[kindOf(record)] ?? 0) + 1;
  return {
    from: new Date(records.length === 0 ? 0 : from).toISOString(),
    lasted: records.length === 0 ? 0 : sinceFirst(latest(records.map(endOf))),
    sent: records.length,
    failed: records.length - good.length,
    failures,
    missed,
    slowest: records.length === 0 ? 0 : whole(latest(records.map(({ ms }) => ms))),
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    unanswered: whole(longestUnanswered(records)),
    switched: switchedAt === null || records.length === 0 ? null : sinceFirst(switchedAt),
    versions: versionsIn(good, sinceFirst),
  };
}

const endOf = ({ at, ms }: ProbeRecord) => at + ms;
const kindOf = ({ status, error }: ProbeRecord) => (status === null ? (error ?? "unknown") : `HTTP ${status}`);
const whole = (ms: number) => Math.round(ms);
const latest = (times: readonly number[]) => times.reduce((last, time) => Math.max(last, time), 0);

/** By the nearest rank; `sorted` ascending. */
const quantile = (sorted: readonly number[], part: number): number | null => {
  const value = sorted[Math.ceil(sorted.length * part) - 1];
  return value === undefined ? null : whole(value);
};

/** From one good answer to the next, less the time in which nobody was waiting. */
function longestUnanswered(records: readonly ProbeRecord[]): number {
  const byEnd = records.toSorted((a, b) => endOf(a) - endOf(b));
  let longest = 0;
  let since = Number.POSITIVE_INFINITY;
  // Backwards: who waits at a moment is known by the requests that end after it.
  let answeredAt = byEnd.length === 0 ? 0 : endOf(byEnd[byEnd.length - 1] as ProbeRecord);
  for (const record of byEnd.toReversed()) {
    if (record.ok) {
      const end = endOf(record);
      if (since !== Number.POSITIVE_INFINITY) longest = Math.max(longest, answeredAt - Math.max(since, end));
      answeredAt = end;
    }
    since = Math.min(since, record.at);
  }
  return since === Number.POSITIVE_INFINITY ? 0 : Math.max(longest, answeredAt - since);
}

function versionsIn(good: readonly ProbeRecord[], sinceFirst: (time: number) => number): Figures["versions"] {
  const seen = new Map<string, Figures["versions"][number]>();
  for (const { version, at } of good.toSorted((a, b) => a.at - b.at)) {
    if (version === null) continue;
    const known = seen.get(version) ?? { version, answers: 0, first: sinceFirst(at), last: 0 };
    seen.set(version, { ...known, answers: known.answers + 1, last: sinceFirst(at) });
  }
  return seen.size > mostVersions ? [] : [...seen.values()];
}

/**
 * The figures as one line for a person; it holds no text from outside. `again`: the run had been left before, and whoever
 * left it may have had no time to say what visitors met until then.
 */
export function figuresLine({ sent, failed, failures, slowest, unanswered, missed }: Figures, again = false): string {
  const kinds = Object.entries(failures).map(([kind, times]) => `${times} × ${kind}`);
  const clauses = [
    `${sent} ${sent === 1 ? "request" : "requests"}`,
    `${failed} failed${kinds.length > 0 ? ` (${kinds.join(", ")})` : ""}`,
    `slowest ${duration(slowest)}`,
    ...(unanswered >= noticeable ? [`for ${duration(unanswered)} nobody was answered`] : []),
    ...(missed > 0 ? [`${missed} not sent: this computer was busy or asleep`] : []),
  ];
  return `while the release was switched${again ? ", since the run was taken up again" : ""}: ${clauses.join(", ")}`;
}

/** A pause that a visitor notices. */
const noticeable = 1000;
const duration = (ms: number) => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);
