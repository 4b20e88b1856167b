const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);

const median = (values: readonly number[]): number => sorted(values)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Minimum / median / maximum. */
export const shown = (values: readonly number[], digits: number): string =>
  [sorted(values)[0], median(values), sorted(values).at(-1)].map((value) => value?.toFixed(digits)).join(" / ");

/** How two medians compare, and whether that is within a limit. */
export function ratioOf(ours: readonly number[], theirs: readonly number[], limit?: number): string {
  const ratio = median(ours) / median(theirs);
  const verdict = limit === undefined ? "" : ratio <= limit ? ` (limit ${limit}: met)` : ` (limit ${limit}: NOT MET)`;
  return `ratio ${ratio.toFixed(2)}${verdict}`;
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
