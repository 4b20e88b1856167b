/** One thing that was looked at. */
export interface Check {
  name: string;
  /** `warn`: Berth works, though not all of it; `bad`: it does not until this is mended. */
  state: "ok" | "warn" | "bad";
  /** What is, and what it means. */
  text: string;
  /** What to do about it. */
  next?: string;
}

export const ok = (name: string, text: string): Check => ({ name, state: "ok", text });
export const warn = (name: string, text: string, next?: string): Check => ({
  name,
  state: "warn",
  text,
  ...(next !== undefined && { next }),
});
export const bad = (name: string, text: string, next: string): Check => ({ name, state: "bad", text, next });
