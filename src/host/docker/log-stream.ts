import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { statusOf } from "./answers.ts";

/** Which part of a container's log. Times are the Engine's: seconds since 1970, with nine digits behind the point. */
export interface LogRange {
  /** Goes on until the container ends. */
  follow: boolean;
  since?: string | undefined;
  /** The last so many lines. */
  tail?: number | undefined;
}

/**
 * A container's log as the Engine streams it: frames of stdout and stderr, each line behind its time. It is read as slowly as
 * whoever reads it. Undefined where there is no such container.
 */
export async function openLog(
  { modem }: Docker,
  container: string,
  { follow, since, tail }: LogRange,
  signal: AbortSignal,
): Promise<Readable | undefined> {
  const options = {
    ...{ stdout: true, stderr: true, timestamps: true, follow },
    ...(since !== undefined && { since }),
    ...(tail !== undefined && { tail }),
  };
  // dockerode itself streams only what is followed, and holds the whole of any other log.
  const call = {
    ...{ path: `/containers/${encodeURIComponent(container)}/logs?`, method: "GET", isStream: true },
    ...{ options, abortSignal: signal, statusCodes: { 200: true, 404: "no such container", 500: "server error" } },
  };
  try {
    return await new Promise<Readable>((resolve, reject) => {
      modem.dial(call, (error, answer) => (error ? reject(error) : resolve(answer as Readable)));
    });
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** So many endless streams an Engine's connection carries, so that other calls find room beside them. */
export function streamsBeside({ modem }: Docker): number {
  const most = (modem as { agent?: { maxSockets?: number } }).agent?.maxSockets ?? Number.POSITIVE_INFINITY;
  return Math.max(1, most - 2);
}
