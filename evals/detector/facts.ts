/** What was seen, by where it was looked: sorted lines. */
export type Facts = Record<string, string[]>;

/** What is not the same any more, a line each: `server files: + /etc/cron.d/x f 644 root:root`. */
export function changes(before: Facts, after: Facts): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => {
    const [then = [], now = []] = [before[name], after[name]];
    return [
      ...without(then, now).map((line) => `${name}: - ${line}`),
      ...without(now, then).map((line) => `${name}: + ${line}`),
    ];
  });
}

/** The lines of one that are not in the other; equal lines count each. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const more = left.get(line) ?? 0;
    left.set(line, more - 1);
    return more < 1;
  });
}
