interface UnderWay<T> {
  work: Promise<T>;
  abort: AbortController;
  waiting: number;
}

/**
 * Makes a way to do the same work once for all who ask for it at the same time: who comes while it is under way waits for
 * it too. Each leaves by its own signal (its reason is thrown); when nobody waits any more the work is aborted.
 */
export function sharing<T>(): (
  key: string,
  signal: AbortSignal,
  begin: (signal: AbortSignal) => Promise<T>,
) => Promise<T> {
  const all = new Map<string, UnderWay<T>>();

  function start(key: string, begin: (signal: AbortSignal) => Promise<T>): UnderWay<T> {
    const abort = new AbortController();
    const started = { work: begin(abort.signal), abort, waiting: 0 };
    all.set(key, started);
    const forget = () => forgetOnce(key, started);
    // Who waits hears of a failure; if nobody does any more, there is nobody to tell.
    started.work.then(forget, forget);
    return started;
  }

  function forgetOnce(key: string, one: UnderWay<T>): void {
    if (all.get(key) === one) all.delete(key);
  }

  return async (key, signal, begin) => {
    signal.throwIfAborted();
    const one = all.get(key) ?? start(key, begin);
    one.waiting += 1;
    const leaving = untilAborted(signal);
    try {
      return await Promise.race([one.work, leaving.promise]);
    } finally {
      leaving.stop();
      one.waiting -= 1;
      if (one.waiting === 0 && all.get(key) === one) {
        // Forgotten before it has ended: who asks now starts anew, and does not wait for what is being given up.
        forgetOnce(key, one);
        one.abort.abort(signal.reason);
      }
    }
  };
}

function untilAborted(signal: AbortSignal): { promise: Promise<never>; stop(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = () => reject(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  return { promise, stop: () => signal.removeEventListener("abort", leave) };
}
