import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { assertSpentBy, verifyGrant } from "../approval/grant.ts";
import { Operation } from "../approval/operation.ts";
import type { Lock } from "../host/host.ts";
import { BerthError } from "../kit/error.ts";
import { steps } from "../pipeline.ts";
import { createRunner } from "../run/runner.ts";
import { runOf } from "../run/runs.ts";
import type { ContextFor, Outcome } from "../run/work.ts";
import { workOn } from "../run/worker.ts";
import { createScrubbers } from "../secrets/scrub.ts";
import { secret } from "../secrets/value.ts";
import type { StageContext } from "../stages/context.ts";
import { planHash } from "../stages/plan/make.ts";
import type { Plan } from "../stages/plan/schema.ts";
import { runStore } from "../store/runs.ts";
import { putStack, removeStack } from "../store/stacks.ts";
import { ownActs } from "./act-runs.ts";
import type { Berth } from "./berth.ts";
import { acting, takeStack } from "./contexts.ts";
import { isOutlived, ownWork, personOf } from "./grants.ts";
import { serialIn } from "./plan-base.ts";
import { plannedBy } from "./planned-by.ts";
import { assertCallsOf } from "./planned-calls.ts";
import { logFolder, runFolder } from "./run-folder.ts";
import { actIn } from "./stack-acts.ts";
import { createBlame, openAgain } from "./way-back.ts";
import { openWorld, type World } from "./world.ts";

/** The body of a worker's process: applies one run, and notes what stands when it is done. */
export async function work(berth: Berth, id: string, shutdown: AbortSignal): Promise<Outcome> {
  const { store, config, machine, grantKey } = berth;
  const runs = runStore(store);
  const run = runOf(runs, id);
  const plan = plannedBy(berth, run);
  const scrubbers = createScrubbers();
  const act = actIn(run.operation);
  const open = () => openWorld(berth, plan, id, (value) => scrubbers.add(secret(value)), { builds: act === undefined });
  let way: Way = { world: once(open), lock: undefined };
  let numberBefore: number | undefined;
  const owner = `${personOf(berth)}@${hostname()}`;
  const toBlame = createBlame();
  const contextFor: ContextFor<StageContext> = async (...step) => {
    if (way.lock === undefined) throw new Error("a step was begun without the stack's lock");
    return acting((await way.world()).shared, way.lock, owner)(...step);
  };
  const runner = createRunner(steps, contextFor);
  // Noted before the end is recorded: who sees the run done looks at once at what stands.
  const apply: typeof runner.apply = async (...given) => {
    const outcome = await runner.apply(...given);
    if (outcome.state === "done" && run.parts.includes("deploy")) await noteApplied(berth, plan, await way.world());
    if (outcome.state === "done" && run.parts.includes("destroy")) removeStack(store, plan.stack);
    return outcome;
  };

  try {
    return await workOn({
      store: runs,
      run: id,
      action: "apply",
      runner: { ...runner, apply },
      version: config.version,
      logs: logFolder(config.home, id),
      machine,
      now: () => new Date(),
      scrubber: () => scrubbers.stream(),
      scrub: scrubbers.scrub,
      verifyGrant: async ({ grant, operation }, _action, { signal, journal }) => {
        if (grant === null) throw ungranted(id);
        assertSpentBy(store, grant, run);
        assertCallsOf(plan, run);
        const { host, standing } = await way.world();
        const onWait = (held: BerthError) => journal.append({ event: "waiting", failure: held.toJSON() });
        way.lock = await takeStack(host, plan.stack, { owner, run: id, signal, onWait }, numberBefore);
        // Read under the lock: from here on it changes by this run alone.
        const stands = await standing();
        verifyGrant(store, grantKey.publicKey, grant, {
          operation: Operation.parse(operation),
          base: stands.base,
          ownWork: act ? ownActs(berth, plan, stands.base) : ownWork(berth, { plan, hash: planHash(plan) }, stands),
          now: Date.now(),
        });
      },
      // The grant's base holds the stack's serial: where something newer was applied, it is no longer valid. After the stack
      // was destroyed that begins anew.
      stillValid: async () => !isOutlived(berth, plan.stack, Date.parse(run.created)),
      wayBack: async (failed) => {
        const lost = await way.world.made();
        if (lost === undefined || !(await toBlame(lost.host, failed))) return undefined;
        return async (signal) => {
          numberBefore = way.lock?.number ?? numberBefore;
          await leave(way);
          const again = await openAgain(open, signal);
          way = { world: once(async () => again), lock: undefined };
        };
      },
      shutdown,
    });
  } finally {
    await leave(way);
    await rm(join(runFolder(config.home, id), "scratch"), { recursive: true, force: true });
  }
}

async function noteApplied({ store }: Berth, plan: Plan, world: World): Promise<void> {
  const serial = serialIn((await world.standing()).base, plan);
  const { name } = plan.server;
  putStack(store, {
    name: plan.stack,
    server: name,
    appliedPlan: planHash(plan),
    serial,
    updated: new Date().toISOString(),
  });
}

/** The world over one connection, and the stack's lock over it once that is taken. */
interface Way {
  world: Once<World>;
  lock: Lock | undefined;
}

async function leave({ world, lock }: Way): Promise<void> {
  await lock?.release().catch(() => undefined);
  await (await world.made())?.close();
}

interface Once<T> {
  (): Promise<T>;
  /** What was made, if anything was. */
  made(): Promise<T | undefined>;
}

/** Made when it is first asked for, so that what fails in it fails where it is needed and is recorded there. */
function once<T>(make: () => Promise<T>): Once<T> {
  let promise: Promise<T> | undefined;
  const get = () => {
    promise ??= make();
    return promise;
  };
  return Object.assign(get, { made: async () => promise?.catch(() => undefined) });
}

const ungranted = (run: string) =>
  new BerthError({
    code: "grant_missing",
    message: "Nobody has approved this run.",
    object: run,
    cause: "It was made without a grant, and it would change something.",
    next: "Make a new one: berth up",
  });
