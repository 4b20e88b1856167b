import { setTimeout as sleep } from "node:timers/promises";

/** One request of a visitor: what was answered, or why nothing was. In ms since 1970. */
export interface Visit {
  began: number;
  ended: number;
  said: string;
}

const everyMs = 1000;
const mostMs = 15_000;

/** Visits once a second, one after the other, until it is stopped. */
export function visitEverySecond(visit: () => Promise<string>): { stop(): Promise<Visit[]> } {
  const visits: Visit[] = [];
  let stopped = false;
  const visiting = (async () => {
    while (!stopped) {
      const began = Date.now();
      const said = await Promise.race([
        visit().catch((error: Error) => `failed: ${error.message}`),
        sleep(mostMs, `failed: no answer within ${mostMs} ms`, { ref: false }),
      ]);
      visits.push({ began, ended: Date.now(), said });
      await sleep(Math.max(0, began + everyMs - Date.now()));
    }
  })();
  const stop = async () => {
    stopped = true;
    await visiting;
    return visits;
  };
  return { stop };
}
