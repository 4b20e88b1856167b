import { hkdfSync, randomBytes } from "node:crypto";
import { BerthError } from "../kit/error.ts";
import { readPrivateFile } from "../kit/private-file.ts";

/** The key that seals the secrets in a state folder: a file of its owner's, made when it is first needed. */
export function secretsKey(folder: string): Buffer {
  const path = `${folder}/secrets-key`;
  const text = readPrivateFile(path, () => randomBytes(32).toString("hex")).trim();
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new BerthError({
      code: "secrets_key_damaged",
      message: "The key that seals the secrets cannot be read.",
      object: path,
      cause: "The file does not hold 32 bytes in hex.",
      next: "Put a backup of the file in its place, or remove it and set every secret anew: berth secrets set",
    });
  // A key of its own for each use.
  return Buffer.from(hkdfSync("sha256", Buffer.from(text, "hex"), "", "berth secrets sealing 1", 32));
}
