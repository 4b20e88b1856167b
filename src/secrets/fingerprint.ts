import { createHmac, randomBytes } from "node:crypto";
import type { Secret } from "./value.ts";

/** 32 bytes in hex; one for each stack, so that equal values in two stacks do not show as equal. */
export const newFingerprintKey = (): string => randomBytes(32).toString("hex");

/**
 * 48 bits that change with the value and tell nothing of it to who has not the key: a plan shows a rotation by them,
 * and a short or guessable value cannot be tried out against them.
 */
export const fingerprint = (key: string, value: Secret): string =>
  createHmac("sha256", Buffer.from(key, "hex")).update(value.reveal()).digest("hex").slice(0, 12);
