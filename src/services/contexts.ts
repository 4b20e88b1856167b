import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Host, Lock } from "../host/host.ts";
import { BerthError } from "../kit/error.ts";
import type { RunContext } from "../run/step.ts";
import type { ContextFor } from "../run/work.ts";
import type { StageContext } from "../stages/context.ts";

/** The server's lock is renewed while it is held; a holder that died is taken over after this many seconds. */
const ttlSeconds = 30;
/** How long another run's lock is waited for: long enough for one that died to run out. */
const waitSeconds = { stack: 45, server: 900 };

/** What the steps of one plan share: everything of a StageContext but the engine's part and the locks. */
export type SharedContext = Omit<StageContext, keyof RunContext | "lock">;

/** Steps that may only look. What an Engine would hold that is not there yet is not there yet either. */
export const lookingOnly =
  (shared: SharedContext): ContextFor<StageContext> =>
  (base) => ({
    ...shared,
    ...base,
    host: { ...shared.host, engine: () => shared.host.engine().catch(notThereYet) },
    lock: async () => {
      throw new Error("a step asked for a lock while it was only observed");
    },
  });

/** As the runner's preview hears it: the step does not hold, and that is no failure. */
function notThereYet(error: unknown): never {
  if (!(error instanceof BerthError) || error.code !== "engine_unreachable") throw error;
  throw new BerthError({ ...error.toJSON(), code: "output_unknown" });
}

/** Steps that may act: the stack's lock is taken once and held for the run, the server's until the step ends. */
export function acting(
  shared: SharedContext,
  stack: string,
): ContextFor<StageContext> & { releaseLocks(): Promise<void> } {
  let stackLock: Promise<Lock> | undefined;
  const contextFor: ContextFor<StageContext> = (base, _call, atEnd) => {
    let serverLock: Promise<Lock> | undefined;
    const takeStack = () => {
      stackLock ??= take(shared.host, `stack-${stack}`, waitSeconds.stack, base);
      return stackLock;
    };
    const takeServer = () => {
      serverLock ??= takeForStep();
      return serverLock;
    };
    const takeForStep = async () => {
      const lock = await take(shared.host, "server", waitSeconds.server, base);
      atEnd(() => lock.release());
      return lock;
    };
    return { ...shared, ...base, lock: (scope) => (scope === "stack" ? takeStack() : takeServer()) };
  };
  const releaseLocks = async () => {
    await (await stackLock?.catch(() => undefined))?.release().catch(() => undefined);
  };
  return Object.assign(contextFor, { releaseLocks });
}

/** Waits while another holds it, since a holder that died keeps it until its lease is over. */
async function take(host: Host, name: string, seconds: number, { run, signal, log }: RunContext): Promise<Lock> {
  const owner = `${host.user}@${hostname()}`;
  const end = performance.now() + seconds * 1000;
  for (let told = false; ; told = true) {
    try {
      return await host.lock(name, { owner, run, ttlSeconds });
    } catch (error) {
      if (!(error instanceof BerthError) || error.code !== "lock_held" || performance.now() > end) throw error;
      if (!told) log(`waiting: ${error.message} ${error.cause}\n`);
      await sleep(1000, undefined, { signal });
    }
  }
}

/** The Engine that a plan builds with. */
export const builderOf = (
  on: "here" | "server",
  host: Host,
  local: () => Promise<Docker>,
): StageContext["builder"] => ({
  name: on === "here" ? "this machine" : host.name,
  here: on === "here",
  engine: on === "here" ? local : () => host.engine(),
});
