import { setTimeout as sleep } from "node:timers/promises";

/**
 * Asks `look` every `everyMs` until it answers something other than undefined; undefined when `timeoutMs` are over.
 * The time is monotonic. An aborted signal rejects with its reason.
 */
export async function until<T>(
  look: () => Promise<T | undefined>,
  { timeoutMs, everyMs = 200, signal }: { timeoutMs: number; everyMs?: number; signal?: AbortSignal | undefined },
): Promise<T | undefined> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() >= end) return undefined;
    await sleep(everyMs, undefined, { signal });
  }
}
