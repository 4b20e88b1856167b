import { randomInt } from "node:crypto";
import { type Secret, secret } from "./value.ts";

const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const alphabets = { alphanumeric, hex: "0123456789abcdef", base64: `${alphanumeric}+/` };

/** What a generated value looks like: so many letters of an alphabet, each equally likely. */
export interface SecretShape {
  alphabet: keyof typeof alphabets;
  length: number;
}

export function generate({ alphabet, length }: SecretShape): Secret {
  const letters = alphabets[alphabet];
  return secret(Array.from({ length }, () => letters.charAt(randomInt(letters.length))).join(""));
}
