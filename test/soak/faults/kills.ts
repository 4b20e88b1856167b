import { setTimeout as sleep } from "node:timers/promises";
import type { Ended } from "../../e2e/berth.ts";
import { killAt, type Scene, type Struck } from "./kill.ts";
import type { Point, Way } from "./points.ts";

const mostTries = 3;

export interface Kills {
  points: readonly Point[];
  scene: Omit<Scene, "over">;
  /** Starts a command that goes on, and waits for its end. */
  goOn(way: Way): Promise<Ended>;
  /** Called after each command. */
  look(): Promise<void>;
  /** `struck`: undefined where its moment never came. */
  tell(point: Point, struck: Struck | undefined): void;
}

/**
 * One `up`, killed at each of the points in turn and gone on with, until it is done. Answers the points whose moment never
 * came, and how each command ended. Throws where it does not end.
 */
export async function upWithKills({ points, scene, goOn, look, tell }: Kills) {
  const missed: Point[] = [];
  const ends: string[] = [];
  let [over, strikes, way] = [false, 0, "berth up" as Way];
  /** Settled when the kill that is under way is through. */
  let striking: Promise<unknown> = Promise.resolve();
  /** What a kill needs repaired, which takes a while: a run that goes on meanwhile meets its next point in time. */
  let repairing: Promise<unknown> = Promise.resolve();

  const killAll = async () => {
    let after = 0;
    for (const point of points) {
      const through = Promise.withResolvers<void>();
      if (point.victim === "engine") await repairing;
      const onStrike = () => {
        [striking, way] = [through.promise, point.next];
        strikes++;
      };
      try {
        const struck = await killAt(point, { ...scene, over: () => over }, after, onStrike);
        tell(point, struck);
        if (struck?.repair) repairing = struck.repair();
        // Whoever goes on waits for it, and fails with it.
        repairing.catch(() => undefined);
        if (struck) after = struck.seq;
        else missed.push(point);
      } finally {
        through.resolve();
      }
    }
  };
  const goToTheEnd = async () => {
    for (let tries = 0; ; ) {
      const before = strikes;
      const ended = await goOn(way);
      await striking;
      await repairing;
      await look();
      ends.push(endOf(ended));
      if (ended.code === 0) return;
      tries = strikes > before ? 0 : tries + 1;
      if (tries > mostTries) throw new Error(`${ends.join(", ")}:\n${ended.stderr.slice(-3000)}`);
      // It failed by itself: a person would read first.
      if (tries > 0) await sleep(5000);
    }
  };
  const going = goToTheEnd().finally(() => {
    over = true;
  });
  await Promise.all([killAll(), going]);
  return { missed, ends };
}

function endOf({ code, events }: Ended): string {
  const last = events.at(-1) as { state?: string; failure?: Record<"code" | "message" | "cause", string> } | undefined;
  const { failure } = last ?? {};
  const why = failure ? ` (${failure.code}: ${failure.message} ${failure.cause})` : "";
  return code < 0 ? "killed" : `${last?.state ?? `code ${code}`}${why}`;
}
