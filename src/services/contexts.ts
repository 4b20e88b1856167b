import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Host, Lock } from "../host/host.ts";
import { lockLost } from "../host/lock.ts";
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

/** Who takes a lock, and how those who read along hear that it is waited for. */
export interface Taker {
  /** A person and their machine, for people. */
  owner: string;
  run: string;
  signal: AbortSignal;
  onWait(held: BerthError): void;
}

/**
 * The stack's lock, taken before anything is looked at and held until the run ends: nobody changes the stack between that
 * look and the last step. `before`: its number when this worker had it over a connection that is lost by now; where another
 * had it since, it throws `lock_lost`.
 */
export async function takeStack(host: Host, stack: string, taker: Taker, before: number | undefined): Promise<Lock> {
  if (before === undefined) return take(host, lockOf(stack), waitSeconds.stack, taker);
  const lock = await take(host, lockOf(stack), 0, taker).catch((error: unknown) => {
    if (!(error instanceof BerthError) || error.code !== "lock_held") throw error;
    throw lockLost(lockOf(stack), host.name, `While this one had no connection its lock ran out. ${error.message}`);
  });
  if (lock.since <= before) return lock;
  await lock.release();
  throw lockLost(
    lock.name,
    host.name,
    "While this one had no connection its lock ran out, and another has had it since.",
  );
}

const lockOf = (stack: string) => `stack-${stack}`;

/** Steps that may act: the stack's lock is held already, the server's is taken when a step asks for it, until that ends. */
export const acting =
  (shared: SharedContext, stackLock: Lock, owner: string): ContextFor<StageContext> =>
  (base, _call, atEnd) => {
    let serverLock: Promise<Lock> | undefined;
    const takeServer = async () => {
      const onWait = ({ message, cause }: BerthError) => base.log(`waiting: ${message} ${cause}\n`);
      const lock = await take(shared.host, "server", waitSeconds.server, { ...base, owner, onWait });
      atEnd(() => lock.release());
      return lock;
    };
    const lock = async (scope: "stack" | "server") => {
      if (scope === "stack") return stackLock;
      serverLock ??= takeServer();
      return serverLock;
    };
    return { ...shared, ...base, lock };
  };

/** Waits while another holds it, since a holder that died keeps it until its lease is over. */
async function take(host: Host, name: string, seconds: number, taker: Taker): Promise<Lock> {
  const { owner, run, signal, onWait } = taker;
  const end = performance.now() + seconds * 1000;
  for (let told = false; ; told = true) {
    try {
      return await host.lock(name, { owner, run, ttlSeconds });
    } catch (error) {
      if (!(error instanceof BerthError) || error.code !== "lock_held" || performance.now() > end) throw error;
      if (!told) onWait(error);
      await sleep(1000, undefined, { signal }).catch(() => undefined);
      signal.throwIfAborted();
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
