import { setTimeout as sleep } from "node:timers/promises";
import { attemptDocker } from "../../../lab/engine.ts";
import { endEngine } from "../../../lab/faults/engine.ts";
import { berthProcesses, killNow, sshdProcesses } from "../../../lab/faults/processes.ts";
import { containerName, type Lab } from "../../../lab/names.ts";
import type { Server } from "../../../lab/server.ts";
import { until } from "../../../src/kit/wait.ts";
import type { Journals } from "./journal.ts";
import type { Point } from "./points.ts";
import { firstRowSaid } from "./source.ts";

/** Where a point is met. */
export interface Scene {
  lab: Lab;
  /** The lab whose Engine builds. */
  builder: Lab;
  server: Server;
  /** Berth's state folder. */
  home: string;
  journals: Journals;
}

/**
 * Waits for the point and kills. False where nobody was there to be killed any more: `over` says that the command has ended,
 * before the point came or the victim could be found.
 */
export async function killAt(point: Point, scene: Scene, over: () => boolean): Promise<boolean> {
  const seen = async <T>(look: () => Promise<T | undefined>, everyMs: number): Promise<T | undefined> => {
    const found = await until(async () => (await look()) ?? (over() ? null : undefined), {
      timeoutMs: 900_000,
      everyMs,
    });
    return found ?? undefined;
  };
  const started = async () =>
    scene.journals.lines().find((line) => line.event === "started" && line.step === point.step)?.at;
  const at = await seen(started, 10);
  if (at === undefined) return false;
  if (point.inMigration && !(await seen(() => halfMigrated(scene), 50))) return false;
  const from = point.inMigration ? Date.now() : at;
  await sleep(Math.max(0, from + point.ms - Date.now()));
  if (point.victim === "engine") {
    await (await endEngine(scene.builder, { how: "kill", seconds: 600 })).release();
    return true;
  }
  const victims = await seen(async () => {
    const pids = await victimsOf(point, scene);
    return pids.length > 0 ? pids : undefined;
  }, 10);
  if (!victims) return false;
  await killNow(victims);
  return true;
}

async function victimsOf({ victim }: Point, { lab, server, home }: Scene): Promise<number[]> {
  if (victim === "command") return berthProcesses(home, "commands");
  const workers = berthProcesses(home, "workers");
  if (victim === "worker") return workers;
  return (await Promise.all(workers.map((worker) => sshdProcesses(lab, server.name, worker)))).flat();
}

// Not by `docker exec`: Engine 26.1 keeps some of those calls for good, and a takeover waits for them.
const said = `grep --quiet --no-messages '${firstRowSaid}' /var/lib/docker/containers/*/*-json.log`;

/** Whether the migration has said that its first row is there; it rests then. */
async function halfMigrated({ lab, server }: Scene): Promise<true | undefined> {
  const { code } = await attemptDocker(lab, ["exec", containerName(lab, server.name), "sh", "-c", said]);
  return code === 0 ? true : undefined;
}
