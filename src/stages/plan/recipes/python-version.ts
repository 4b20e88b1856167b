/** What nobody states gets this one: packages of native code are there for it, and it is kept up for years. */
const newest = 13;

/**
 * The image for what a source says of its Python: `3.12.4`, `==3.12.*` and `~=3.12` mean that one; a range (`>=3.10,<4`,
 * `^3.11`) the newest in it that is not newer than ours, since most say only where they begin.
 */
export const pythonImage = (stated: string | null | undefined): string => `python:3.${minorOf(stated ?? "")}-slim`;

function minorOf(stated: string): number {
  const exact = /^\s*(?:={2,3}|~=?|python-)?\s*v?3\.(\d+)/.exec(stated)?.[1];
  if (exact !== undefined) return Number(exact);
  let [least, last] = [0, newest];
  for (const [, sign = "", minor, patch = "0"] of stated.matchAll(/(<=?|>=?|\^)\s*3\.(\d+)(?:\.(\d+))?/g)) {
    if (!sign.startsWith("<")) least = Math.max(least, Number(minor));
    else last = Math.min(last, sign === "<" && patch === "0" ? Number(minor) - 1 : Number(minor));
  }
  return Math.max(last, least);
}
