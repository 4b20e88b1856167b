import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { findGrant, type Grant, grantRequest, spend } from "../approval/grant.ts";
import type { Operation } from "../approval/operation.ts";
import { openRequest, type Request } from "../approval/request.ts";
import { callsOf, parts, steps } from "../pipeline.ts";
import type { RunEvent } from "../run/event.ts";
import { follow as followRun } from "../run/follow.ts";
import { startWorker } from "../run/launch.ts";
import type { Preview } from "../run/preview.ts";
import { createRunner } from "../run/runner.ts";
import { openRun, type RunState, requestCancel, runOf, stateOf } from "../run/runs.ts";
import type { Plan } from "../stages/plan/schema.ts";
import { spendingsOf } from "../store/grants.ts";
import { runStore } from "../store/runs.ts";
import type { Berth } from "./berth.ts";
import { pinServer } from "./connect.ts";
import { lookingOnly } from "./contexts.ts";
import type { Proposal } from "./propose.ts";
import { logFolder, runFolder } from "./run-folder.ts";
import { openWorld } from "./world.ts";

const operationOf = ({ plan, hash }: Proposal): Operation => ({ kind: "plan", plan: hash, stack: plan.stack });

/** What applying a plan would do, seen by looking alone. */
export async function preview(berth: Berth, plan: Plan, signal: AbortSignal): Promise<Preview[]> {
  const world = await openWorld(berth, plan, "preview", () => undefined);
  try {
    return await createRunner(steps, lookingOnly(world.shared)).preview(callsOf(plan), signal);
  } finally {
    await world.close();
  }
}

/** The grant that a person gave for this plan, while things are as they were. A cancelled run's is not used again. */
export function grantFor(berth: Berth, proposal: Proposal): Grant | undefined {
  const { store, grantKey, machine } = berth;
  const claim = { operation: operationOf(proposal), base: proposal.base, now: Date.now() };
  const found = findGrant(store, grantKey.publicKey, claim);
  const run = found && spendingsOf(store, found.id)[0]?.run;
  const stopped = run !== undefined && ["cancelled", "rolled_back"].includes(stateOf(runStore(store), run, machine));
  return stopped ? undefined : found;
}

export const requestFor = ({ store }: Berth, proposal: Proposal): Request =>
  openRequest(store, operationOf(proposal), proposal.base, Date.now());

/** Records a person's yes. Only a command that has just heard it calls this. */
export function grant(
  berth: Berth,
  proposal: Pick<Proposal, "base">,
  request: Request,
  channel: Grant["channel"],
  passphrase?: string,
): Grant {
  const { store, grantKey, config } = berth;
  const person = config.env["USER"] ?? config.env["LOGNAME"] ?? "unknown";
  const consent = { request: request.id, base: proposal.base, person, channel, now: Date.now() };
  return grantRequest(store, grantKey.unlock(passphrase), consent);
}

/** Opens the run that a grant covers, or finds the one that has it already, and starts a worker where none is at it. */
export async function start(
  berth: Berth,
  { plan, hash }: Proposal,
  { id: grantId }: Grant,
): Promise<{ run: string; after: number }> {
  const { store, config } = berth;
  const runs = runStore(store);
  pinServer(store, plan.server.name, plan.server.hostKey);
  const { run } = spend(store, grantId, parts, () => {
    const operation: Operation = { kind: "plan", plan: hash, stack: plan.stack };
    const asked = {
      stack: plan.stack,
      operation,
      grant: grantId,
      parts: [...parts],
      calls: callsOf(plan),
      version: config.version,
    };
    return openRun(runs, asked, () => new Date()).id;
  });
  return { run, after: await resume(berth, run) };
}

/** Puts a worker to a run that nobody works on and that is not over. Answers the last event before that. */
export async function resume(berth: Berth, id: string): Promise<number> {
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
    command: [...config.workerCommand, id],
    logFile: join(folder, "worker.log"),
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
