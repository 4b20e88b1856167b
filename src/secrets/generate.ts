import { randomInt } from "node:crypto";
import { z } from "zod";
import { type Secret, secret } from "./value.ts";

const alphabets = {
  hex: "0123456789abcdef",
  alphanumeric: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
  /** Base64's URL-safe letters. */
  url: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_",
};

/** What a generated value looks like. The least is what 64 bits need. */
export const SecretShape = z.object({
  alphabet: z.enum(["hex", "alphanumeric", "url"]).default("alphanumeric"),
  length: z.number().int().min(16).max(512).default(32),
});
export type SecretShape = z.infer<typeof SecretShape>;

export function generate({ alphabet, length }: SecretShape): Secret {
  const letters = alphabets[alphabet];
  return secret(Array.from({ length }, () => letters.charAt(randomInt(letters.length))).join(""));
}
