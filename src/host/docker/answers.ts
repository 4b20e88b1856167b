import { cleanLine } from "../../kit/text.ts";

/** Undefined where the Engine answers 404. */
export async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** The HTTP status of an Engine's answer that was thrown as an error. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("statusCode" in error)) return undefined;
  return typeof error.statusCode === "number" ? error.statusCode : undefined;
}

/** Whether nobody answered, or whoever did went away in the middle. */
export function isCut(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return ["ECONNREFUSED", "ECONNRESET", "ENOENT", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE"].includes(String(error.code));
}

/** The Engine's own words, bounded and on one line. */
export const wordsOf = (error: unknown): string => cleanLine(error instanceof Error ? error.message : String(error));
