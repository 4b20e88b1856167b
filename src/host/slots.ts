/** At most `size` pieces of work at once; the rest waits in the order in which it came. */
export function slots(size: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = size;
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((go) => waiting.push(go));
    try {
      return await work();
    } finally {
      // A slot passes from hand to hand, so that nobody who comes later gets in front.
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
