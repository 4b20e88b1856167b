import { BerthError } from "../kit/error.ts";

/**
 * Renews a lease every third of its time until it is stopped. Once the lease is lost, check throws why, for good. A beat
 * that fails for another reason (no free session) is tried again; when the lease's time is over it counts as lost.
 */
export function keepAlive(
  renew: (ttlSeconds: number) => Promise<void>,
  ttlSeconds: number,
  ended: Promise<Error | undefined>,
) {
  let ttl = ttlSeconds;
  let renewedAt = performance.now();
  let lost: unknown;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const beat = async (seconds = ttl): Promise<void> => {
    const before = performance.now();
    try {
      await renew(seconds);
      [ttl, renewedAt] = [seconds, before];
    } catch (error) {
      if (isFinal(error) || performance.now() - renewedAt > ttl * 1000) lost ??= error;
      throw error;
    }
  };
  const schedule = () => {
    if (stopped || lost !== undefined) return;
    const next = () => void beat().then(schedule, schedule);
    timer = setTimeout(next, (ttl * 1000) / 3);
    // A worker that has nothing else to do may end; the lock then runs out by itself.
    timer.unref();
  };
  const stop = () => {
    stopped = true;
    clearTimeout(timer);
  };
  schedule();
  void ended.then((reason) => {
    lost ??= reason;
    stop();
  });
  return {
    beat,
    stop,
    check(): void {
      if (lost !== undefined) throw lost;
    },
  };
}

const isFinal = (error: unknown) =>
  error instanceof BerthError && ["lock_lost", "connection_lost"].includes(error.code);
