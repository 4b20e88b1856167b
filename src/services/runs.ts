import { mkdirSync } from "node:fs";
import { type Grant, spend } from "../approval/grant.ts";
import type { Base } from "../approval/operation.ts";
import { callsOf, type Part, parts, steps } from "../pipeline.ts";
import type { RunEvent } from "../run/event.ts";
import { follow as followRun } from "../run/follow.ts";
import { startWorker } from "../run/launch.ts";
import type { Preview } from "../run/preview.ts";
import { createRunner } from "../run/runner.ts";
import { openRun, type RunState, requestCancel, runOf, stateOf } from "../run/runs.ts";
import type { Plan } from "../stages/plan/schema.ts";
import { runStore } from "../store/runs.ts";
import type { Berth } from "./berth.ts";
import { workerLog } from "./broken-off.ts";
import { pinServer } from "./connect.ts";
import { lookingOnly } from "./contexts.ts";
import { type ChosenPlan, operationOf } from "./grants.ts";
import { logFolder, runFolder } from "./run-folder.ts";
import { openWorld } from "./world.ts";

/** What applying a plan, or parts of it, would do, seen by looking alone. */
export async function preview(
  berth: Berth,
  plan: Plan,
  signal: AbortSignal,
  wanted: readonly Part[] = parts,
): Promise<Preview[]> {
  return (await look(berth, plan, signal, wanted)).previews;
}

/** The same, with the facts that a grant of the plan rests on. */
export async function look(
  berth: Berth,
  plan: Plan,
  signal: AbortSignal,
  wanted: readonly Part[] = parts,
): Promise<{ base: Base; previews: Preview[] }> {
  const world = await openWorld(berth, plan, "preview", () => undefined);
  try {
    const { base } = await world.standing();
    const previews = await createRunner(steps, lookingOnly(world.shared)).preview(callsOf(plan, wanted), signal);
    return { base, previews };
  } finally {
    await world.close();
  }
}

export interface Started {
  run: string;
  /** Opened by this call; else it has had these parts of the grant already. */
  fresh: boolean;
  /** The last event before the worker was started. */
  after: number;
}

/** Opens the run of parts that a grant covers, or finds the one that has them, and starts a worker where none is at it. */
export async function start(
  berth: Berth,
  chosen: ChosenPlan,
  { id: grantId }: Grant,
  { wanted = parts, waitMs }: { wanted?: readonly Part[]; waitMs?: number } = {},
): Promise<Started> {
  const { store, config } = berth;
  const { plan } = chosen;
  const runs = runStore(store);
  pinServer(store, plan.server.name, plan.server.hostKey);
  const { run, fresh } = spend(store, grantId, wanted, () => {
    const asked = {
      stack: plan.stack,
      operation: operationOf(chosen),
      grant: grantId,
      parts: [...wanted],
      calls: callsOf(plan, wanted),
      version: config.version,
    };
    return openRun(runs, asked, () => new Date()).id;
  });
  return { run, fresh, after: await resume(berth, run, waitMs) };
}

/**
 * Puts a worker to a run that nobody works on and that is not over. Answers the last event before that. `waitMs`: how long
 * the worker is waited for; a slower one goes on starting.
 */
export async function resume(berth: Berth, id: string, waitMs?: number): Promise<number> {
  const { store, machine, config } = berth;
  const runs = runStore(store);
  const state = stateOf(runs, runOf(runs, id).id, machine);
  const after = runs.lastEvent(id)?.seq ?? 0;
  if (state === "running" || state === "done") return 0;
  const folder = runFolder(config.home, id);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const defined = Object.entries(config.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  await startWorker({
    store: runs,
    run: id,
    machine,
    ...(waitMs !== undefined && { waitMs }),
    command: [...config.workerCommand, id],
    logFile: workerLog(config.home, id),
    // The key that this command was given, if any, and not the one that the environment happens to name.
    env: { ...Object.fromEntries(defined), ...(config.identityFile && { BERTH_IDENTITY: config.identityFile }) },
  });
  return after;
}

export interface Reading {
  /** Events up to this one are not given again. */
  after?: number;
  onEvent(event: RunEvent, line: { seq: number; at: string }): void;
  onLog?(step: string, text: string): void;
  signal?: AbortSignal;
}

/** Reads along until nobody works on the run any more. */
export async function follow(berth: Berth, id: string, reading: Reading): Promise<RunState> {
  const { store, machine, config } = berth;
  const logs = logFolder(config.home, id);
  const { state } = await followRun(runStore(store), id, { ...reading, machine, logs });
  return state;
}

export const cancel = ({ store, machine }: Berth, id: string): void =>
  requestCancel(runStore(store), id, machine, () => new Date());
