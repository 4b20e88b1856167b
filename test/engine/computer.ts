import { AsyncLocalStorage } from "node:async_hooks";
import { vi } from "vitest";
import type { Machine } from "../../src/run/machine.ts";

/**
 * A worker's process that lives inside the test's own: it makes its moves one by one, when it is let, and can die or
 * stand still between any two of them.
 */
export interface Process {
  /** Grows with each start. */
  readonly id: number;
  readonly machine: Machine;
  /** Aborted by a SIGTERM. */
  readonly term: AbortController;
  alive: boolean;
  /** As by SIGSTOP: it makes no moves and its timers stand, while the clock goes on. */
  frozen: boolean;
  /** It dies at its next write but so many, with that write undone or done. */
  death: { writes: number; side: "before" | "after" } | undefined;
  /** Ends when it may make its next move; where it heeds a signal, also when that is aborted. Never, once it is dead. */
  reach(heeded?: AbortSignal): Promise<void>;
  /** Whether it waits to make a move. */
  waits(): boolean;
  /** Lets it make its next move, and comes back when that is made. */
  move(): Promise<void>;
  /** Runs `body` as this process: timers that are set in it, or later by what it began, are this process's. */
  within<T>(body: () => T): T;
  terminate(): void;
  thaw(): void;
  die(): void;
  /** Calls its timers that are due. */
  tick(): void;
}

/** A computer whose clock and processes move only when they are told to. */
export interface Computer {
  readonly processes: readonly Process[];
  /** As somebody sees it who only looks on. */
  readonly machine: Machine;
  living(): Process[];
  start(): Process;
  /** Lets time go by, with the timers of all that are not frozen. */
  pass(seconds: number): void;
  reboot(): void;
}

interface Timer {
  act(): void;
  every: number;
  due: number;
}

const running = new AsyncLocalStorage<Set<Timer> & { now(): number }>();

/** From here on the timers of a simulated process go by its computer's clock. */
export function simulateTimers(): void {
  const real = { setInterval, clearInterval };
  vi.stubGlobal("setInterval", (act: () => void, everyMs: number) => {
    const timers = running.getStore();
    if (!timers) return real.setInterval(act, everyMs);
    const every = everyMs / 1000;
    const timer: Timer = { act, every, due: timers.now() + every };
    timers.add(timer);
    return { stop: () => timers.delete(timer) };
  });
  vi.stubGlobal("clearInterval", (timer: { stop?: () => void } & NodeJS.Timeout) => {
    if (timer.stop) timer.stop();
    else real.clearInterval(timer);
  });
}

export function openComputer(): Computer {
  const clock = { uptime: 10, boots: 1, starts: 0 };
  const processes: Process[] = [];
  const living = () => processes.filter(({ alive }) => alive);
  const mayLive = (pid: number, started: string | null) =>
    living().some(({ machine }) => machine.pid === pid && machine.started === started);
  const tickAll = () => {
    for (const process of living()) if (!process.frozen) process.tick();
  };
  const machineOf = (pid: number, started: string) => ({
    uptime: () => clock.uptime,
    boot: `boot-${clock.boots}`,
    pid,
    started,
    mayLive,
  });
  return {
    processes,
    get machine() {
      return machineOf(-1, "0");
    },
    living,
    start: () => {
      const id = processes.length + 1;
      // Pids come again, as on a computer that has been up for long.
      const used = new Set(living().map(({ machine }) => machine.pid));
      const pid = [...Array(used.size + 1).keys()].find((free) => !used.has(free)) ?? 0;
      const process = startProcess(id, machineOf(pid, String(++clock.starts)));
      processes.push(process);
      return process;
    },
    pass: (seconds) => {
      for (let left = seconds; left > 0; left -= 5) {
        clock.uptime += Math.min(5, left);
        tickAll();
      }
    },
    reboot: () => {
      for (const process of living()) process.die();
      clock.boots += 1;
      // Pids and times of start may be those of before.
      clock.uptime = 5;
      clock.starts = 0;
    },
  };
}

function startProcess(id: number, machine: Machine): Process {
  const timers = Object.assign(new Set<Timer>(), { now: machine.uptime });
  const gates = new Set<() => void>();
  let terminated = false;
  const process: Process = {
    id,
    machine,
    term: new AbortController(),
    alive: true,
    frozen: false,
    death: undefined,
    reach: (heeded) =>
      new Promise((resolve, reject) => {
        const refuse = () => {
          gates.delete(resolve);
          reject(heeded?.reason);
        };
        if (heeded?.aborted) return refuse();
        gates.add(resolve);
        heeded?.addEventListener("abort", refuse, { once: true });
      }),
    waits: () => gates.size > 0,
    move: async () => {
      const [go] = gates;
      if (!process.alive || process.frozen || !go) return;
      gates.delete(go);
      go();
      await untilStill();
    },
    within: (body) => running.run(timers, body),
    terminate: () => {
      terminated = true;
      if (process.alive && !process.frozen) process.term.abort();
    },
    thaw: () => {
      process.frozen = false;
      // A signal that came meanwhile is delivered now.
      if (terminated) process.terminate();
    },
    die: () => {
      process.alive = false;
      timers.clear();
      gates.clear();
    },
    tick: () => {
      for (const timer of [...timers]) {
        if (!timers.has(timer) || timer.due > machine.uptime()) continue;
        timer.due = machine.uptime() + timer.every;
        timer.act();
      }
    },
  };
  return process;
}

/** All that is under way has come to where it waits for its next move: promises alone are done before the next round. */
export const untilStill = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
