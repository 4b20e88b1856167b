import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  scryptSync,
} from "node:crypto";
import { z } from "zod";
import { readPrivateFile, writePrivateFile } from "../kit/private-file.ts";
import { keyDamaged, passphraseNeeded, passphraseWrong } from "./failure.ts";

/**
 * The key that signs grants, in the state folder, for its owner alone; sealed with a passphrase where one is set. Who
 * runs as the same operating-system user can read an unsealed one, and can replace either: see the README.
 */
export interface GrantKey {
  readonly sealed: boolean;
  readonly publicKey: KeyObject;
  /** The signing half. Throws `passphrase_needed` or `passphrase_wrong` where it is sealed. */
  unlock(passphrase?: string): KeyObject;
}

const base64 = z.string().transform((text) => Buffer.from(text, "base64"));

const KeyFile = z.object({
  format: z.literal(1),
  /** SPKI, DER: checking needs no passphrase. */
  publicKey: base64,
  /** PKCS8, DER; where `seal` is set, AES-256-GCM under scrypt's key, the tag at the end. */
  privateKey: base64,
  seal: z.object({ salt: base64, iv: base64 }).nullable(),
});

/** About 0.4 s and 128 MiB for each guess. */
const scrypt = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 };

const pathIn = (folder: string) => `${folder}/grant-key.json`;

/** Reads the folder's key, and makes an unsealed one where there is none. Throws `grant_key_damaged`. */
export function grantKey(folder: string): GrantKey {
  const text = readPrivateFile(pathIn(folder), () => newKeyFile());
  const { publicKey, privateKey, seal } = parse(pathIn(folder), text);
  return {
    sealed: seal !== null,
    publicKey,
    unlock: (passphrase) => {
      const der = seal ? unseal(folder, privateKey, seal, passphrase) : privateKey;
      return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    },
  };
}

/** Seals the key with a new passphrase, or with none where `to` is undefined. `from` is the one that is set now. */
export function setPassphrase(folder: string, from: string | undefined, to: string | undefined): void {
  const { unlock, publicKey } = grantKey(folder);
  writePrivateFile(pathIn(folder), keyFile(publicKey, unlock(from), to));
}

function newKeyFile(): string {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return keyFile(publicKey, privateKey, undefined);
}

function keyFile(publicKey: KeyObject, privateKey: KeyObject, passphrase: string | undefined): string {
  const open = privateKey.export({ format: "der", type: "pkcs8" });
  const salt = randomBytes(16);
  const iv = randomBytes(12);
  const file = {
    format: 1,
    publicKey: publicKey.export({ format: "der", type: "spki" }).toString("base64"),
    privateKey: (passphrase === undefined ? open : sealed(open, passphrase, salt, iv)).toString("base64"),
    seal: passphrase === undefined ? null : { salt: salt.toString("base64"), iv: iv.toString("base64") },
  };
  return JSON.stringify(file);
}

function sealed(open: Buffer, passphrase: string, salt: Buffer, iv: Buffer): Buffer {
  const cipher = createCipheriv("aes-256-gcm", scryptSync(passphrase, salt, 32, scrypt), iv);
  return Buffer.concat([cipher.update(open), cipher.final(), cipher.getAuthTag()]);
}

function unseal(
  folder: string,
  data: Buffer,
  seal: { salt: Buffer; iv: Buffer },
  passphrase: string | undefined,
): Buffer {
  if (passphrase === undefined) throw passphraseNeeded(folder);
  const decipher = createDecipheriv("aes-256-gcm", scryptSync(passphrase, seal.salt, 32, scrypt), seal.iv);
  decipher.setAuthTag(data.subarray(-16));
  try {
    return Buffer.concat([decipher.update(data.subarray(0, -16)), decipher.final()]);
  } catch {
    throw passphraseWrong(folder);
  }
}

function parse(path: string, text: string) {
  try {
    const { publicKey, ...file } = KeyFile.parse(JSON.parse(text));
    return { ...file, publicKey: createPublicKey({ key: publicKey, format: "der", type: "spki" }) };
  } catch {
    throw keyDamaged(path, "It does not have the form of such a key.");
  }
}
