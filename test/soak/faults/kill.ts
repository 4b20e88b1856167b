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

/** Where points are met. */
export interface Scene {
  lab: Lab;
  /** The lab whose Engine builds. */
  builder: Lab;
  server: Server;
  /** Berth's state folder. */
  home: string;
  journals: Journals;
  /** Whether the run is over: nobody is there to be killed any more. */
  over(): boolean;
}

export interface Struck {
  /** The last line of the journal when the kill was through: what comes later is of whoever goes on. */
  seq: number;
  /** The step that was under way then; a busy machine kills late. */
  step: string;
  /** Brings back what nothing else brings back. */
  repair?: () => Promise<void>;
}

/**
 * Waits for the point behind that line of the journal, and kills. `onStrike` is called just before. Undefined where its
 * moment never came: the step was done already, or nobody was there to be killed any more.
 */
export async function killAt(
  point: Point,
  scene: Scene,
  after: number,
  onStrike: () => void,
): Promise<Struck | undefined> {
  const { journals } = scene;
  const at = await startOf(point.step, scene, after);
  if (at === undefined) return undefined;
  if (point.inMigration && !(await seen(scene, 50, () => halfMigrated(scene)))) return undefined;
  const from = point.inMigration ? Date.now() : at;
  await sleep(Math.max(0, from + point.ms - Date.now()));
  if (point.victim === "engine") {
    if (scene.over()) return undefined;
    onStrike();
    const struck = lastOf(journals);
    const { release } = await endEngine(scene.builder, { how: "kill", seconds: 600 });
    return { ...struck, repair: release };
  }
  const victims = await seen(scene, 100, async () => {
    const pids = await victimsOf(point, scene);
    return pids.length > 0 ? pids : undefined;
  });
  if (!victims) return undefined;
  onStrike();
  await killNow(victims);
  return lastOf(journals);
}

/** When the step was begun behind that line; undefined where it was found done, or the run ended without it. */
async function startOf(step: string, scene: Scene, after: number): Promise<number | undefined> {
  let version: string | undefined;
  const line = await seen(scene, 10, async () => {
    const now = scene.journals.version();
    if (now === version) return undefined;
    version = now;
    const lines = scene.journals.lines(after);
    return lines.find((one) => (one.event === "started" || one.event === "observed") && one.step === step);
  });
  return line?.event === "started" ? line.at : undefined;
}

/** Undefined where the run was over before there was anything to see. */
async function seen<T>(scene: Scene, everyMs: number, look: () => Promise<T | undefined>): Promise<T | undefined> {
  // What happened just before the end is still to be seen.
  const asked = async () => {
    const over = scene.over();
    return (await look()) ?? (over ? null : undefined);
  };
  return (await until(asked, { timeoutMs: 900_000, everyMs })) ?? undefined;
}

function lastOf(journals: Journals): Struck {
  const lines = journals.lines();
  const step = lines.findLast(({ event }) => event === "started" || event === "observed");
  return { seq: lines.at(-1)?.seq ?? 0, step: step && "step" in step ? step.step : "" };
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
