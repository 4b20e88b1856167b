import { isRefused, kinds, lines, type Sent, type Traffic } from "./traffic.ts";
import type { Connection } from "./websocket.ts";

/** A time in which one thing was done; ms since 1970. */
export interface Phase {
  name: string;
  from: number;
  until: number;
}

/** What was sent in a phase, whenever it ended. */
export const sentIn = (traffic: Traffic, { from, until }: Phase): Sent[] =>
  traffic.sent().filter(({ at }) => at >= from && at < until);

export const endedIn = (traffic: Traffic, { from, until }: Phase): Connection[] =>
  traffic.sockets().filter(({ ended }) => ended !== null && ended.at >= from && ended.at < until);

export const lost = (sent: readonly Sent[]): Sent[] => sent.filter((one) => !one.ok && !isRefused(one));

/** For whoever wants to know which: one line each. */
export function lossLine(
  { name, from }: Phase,
  { at, ms, line, kind, connection, request, status, error, detail }: Sent,
): string {
  const when = `${new Date(at).toISOString()} (${seconds(at - from)} into "${name}")`;
  const what = `${line} ${kind} ${connection} ${request.method ?? "GET"} ${request.path}`;
  return `${when} ${what}: ${status === null ? `${error}, ${detail}` : `HTTP ${status}`} after ${seconds(ms)}`;
}

export function socketLine({ line, opened, container, heard, ended }: Connection): string {
  const end = ended === null ? "open" : `${ended.code}, ${ended.frames} closing frames, ${ended.why}`;
  return `${line} WebSocket of ${container}, opened ${new Date(opened).toISOString()}, heard ${heard} times: ${end}`;
}

/** A phase a row; a line and kind a column: what was lost of what was sent. */
export function table(traffic: Traffic, phases: readonly Phase[]): string {
  const columns = lines.flatMap((line) => kinds.map((kind) => ({ line, kind })));
  const cell = (sent: readonly Sent[]) => {
    const refused = sent.filter(isRefused).length;
    return `${lost(sent).length} of ${sent.length}${refused > 0 ? ` (${refused} refused)` : ""}`;
  };
  const row = (name: string, of: readonly Phase[]) => {
    const sent = of.flatMap((phase) => sentIn(traffic, phase));
    const cells = columns.map(({ line, kind }) => cell(sent.filter((one) => one.line === line && one.kind === kind)));
    const ended = of.flatMap((phase) => endedIn(traffic, phase)).length;
    // Tells a machine that stood still for a while from a loss.
    const slowest = seconds(sent.reduce((most, { ms }) => Math.max(most, ms), 0));
    return [name, cell(sent), ...cells, slowest, String(ended)];
  };
  const head = [
    "lost of sent",
    "all",
    ...columns.map(({ line, kind }) => `${line} ${kind}`),
    "slowest",
    "WebSockets ended",
  ];
  const rows = [head, ...phases.map((phase) => row(phase.name, [phase])), row("all", phases)];
  const widths = head.map((_, n) => Math.max(...rows.map((cells) => cells[n]?.length ?? 0)));
  return rows
    .map((cells) =>
      cells
        .map((text, n) => text.padEnd(widths[n] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
