import type { Verdict } from "./play.ts";

const columns = ["case", "verdict", "turns", "calls", "seconds"];

/** The verdicts as a table, and below it what was found. */
export function table(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ name, passed, turns, calls, seconds }) => [
    name,
    passed ? "passed" : "FAILED",
    ...[turns, calls, seconds].map(String),
  ]);
  const all = [columns, ...rows];
  const widths = columns.map((_, at) => Math.max(...all.map((row) => (row[at] ?? "").length)));
  const lines = all.map((row) =>
    row
      .map((cell, at) => pad(cell, widths[at] ?? 0, at))
      .join("  ")
      .trimEnd(),
  );
  const found = verdicts.flatMap(({ name, findings }) => findings.map((line) => `${name}: ${line}`));
  return [...lines, ...(found.length > 0 ? ["", ...found] : [])].join("\n");
}

/** Names to the left, numbers to the right. */
const pad = (cell: string, width: number, at: number) => (at < 2 ? cell.padEnd(width) : cell.padStart(width));

/** What the verdicts are worth. */
export const worth = (model: string | undefined): string =>
  model === undefined
    ? "The model was a script: this shows that tools, approvals and the agent's loop hold, not how a model judges. For that: --model."
    : `The model was ${model}, asked once a case: another time it may do otherwise.`;
