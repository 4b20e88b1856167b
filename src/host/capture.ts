/** How much output of one command is kept in memory, in UTF-16 units. All of it passes through onOutput. */
export const keptOutput = 1_000_000;

/** Keeps the end of what is written to it: the end is where a failing command says why. */
export function capture(maxChars = keptOutput) {
  let kept = "";
  return {
    write(text: string): void {
      kept += text;
      // Cut rarely, so that many small writes do not copy the whole each time.
      if (kept.length > 2 * maxChars) kept = kept.slice(-maxChars);
    },
    text: (): string => (kept.length > maxChars ? kept.slice(-maxChars) : kept),
  };
}
