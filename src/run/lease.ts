import { randomBytes } from "node:crypto";
import { BerthError } from "../kit/error.ts";
import type { Machine } from "./machine.ts";
import { leaseLost, leaseRanOut } from "./stop.ts";
import type { LeaseRow, RunStore } from "./store.ts";

/** Seconds for which a lease stands without a heartbeat. */
export const ttl = 15;

export interface Lease {
  /** The number of this taking. They grow; a journal line is written only under the newest. */
  readonly fence: number;
  /** False where another has it by now, or nobody could be asked until it ran out. */
  renew(): boolean;
  /** Takes the run once more for the same worker: answers the next number, or undefined where another has it by now. */
  takeAgain(): number | undefined;
  /** Gives it back; where the store cannot be written it runs out by itself. */
  release(): void;
}

/** Whether somebody works on a run now, as far as this machine can tell. */
export function isHeld(row: LeaseRow | undefined, machine: Machine): boolean {
  if (!row) return false;
  const left = row.expires - machine.uptime();
  // Above the ttl: it was written before a reboot, on a system that does not name its boots.
  if (left <= 0 || left > ttl) return false;
  if (row.boot !== machine.boot) return false;
  return machine.mayLive(row.pid, row.started);
}

/** Whether whoever held it may only have slept: its time is over, it was not given back, and its process may be there. */
export const mayWake = (row: LeaseRow | undefined, machine: Machine): boolean =>
  row !== undefined && row.expires > 0 && row.boot === machine.boot && machine.mayLive(row.pid, row.started);

/** Takes the run for this process; throws `run_busy` where another works on it. */
export function takeLease(store: RunStore, run: string, machine: Machine): Lease {
  const owner = randomBytes(8).toString("hex");
  const expiry = () => machine.uptime() + ttl;
  const { fence } = store.write(() => {
    const current = store.lease(run);
    if (current && isHeld(current, machine)) throw runBusy(run, current.pid);
    const { pid, started, boot } = machine;
    const mine = { run, owner, pid, started, boot, fence: (current?.fence ?? 0) + 1, expires: expiry() };
    store.putLease(mine);
    return mine;
  });

  /** Nothing is written where the lease is another's. */
  const update = (change: (mine: LeaseRow) => Partial<LeaseRow>) =>
    store.write(() => {
      const current = store.lease(run);
      if (current?.owner !== owner) return undefined;
      const changed = { ...current, ...change(current) };
      store.putLease(changed);
      return changed.fence;
    });
  return {
    fence,
    renew: () => update(() => ({ expires: expiry() })) !== undefined,
    takeAgain: () => update((mine) => ({ expires: expiry(), fence: mine.fence + 1 })),
    release: () => {
      try {
        update(() => ({ expires: 0 }));
      } catch {
        // The store cannot be written: then it runs out.
      }
    },
  };
}

/**
 * Renews a lease until `stop` is called. `onLost` is called once, when it is another's, or when it has run out because
 * the store could not be written (a full disk): from then on another may take it.
 */
export function keepLease(
  lease: Pick<Lease, "renew">,
  run: string,
  machine: Machine,
  onLost: (reason: BerthError) => void,
  everyMs = (ttl * 1000) / 3,
) {
  let deadline = machine.uptime() + ttl;
  let unwritten: unknown;
  const renew = () => {
    try {
      return lease.renew();
    } catch (error) {
      unwritten = error;
      return undefined;
    }
  };
  const timer = setInterval(() => {
    const renewed = renew();
    if (renewed) deadline = machine.uptime() + ttl;
    if (renewed !== false && machine.uptime() <= deadline) return;
    clearInterval(timer);
    onLost(renewed === undefined ? leaseRanOut(run, unwritten) : leaseLost(run));
  }, everyMs);
  return { stop: () => clearInterval(timer) };
}

const runBusy = (run: string, pid: number) =>
  new BerthError({
    code: "run_busy",
    message: "Another process is working on this run.",
    object: run,
    cause: `Process ${pid} holds its lease.`,
    next: `Follow it: berth runs ${run}`,
  });
