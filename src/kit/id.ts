import { randomBytes } from "node:crypto";

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** `run_01jd…`: sorts by time of making (48 bits of ms), then 50 random bits; Crockford's base 32. */
export function newId(prefix: string, now = Date.now()): string {
  let time = "";
  for (let rest = now, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) time = alphabet.charAt(rest % 32) + time;
  const random = [...randomBytes(10)].map((byte) => alphabet.charAt(byte % 32)).join("");
  return `${prefix}_${time}${random}`;
}
