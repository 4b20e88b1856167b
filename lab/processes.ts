import { spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../src/kit/wait.ts";
import type { Lab } from "./names.ts";

// A process of the lab is known by this variable, which its children inherit: no file of numbers that could be stale.
const marker = (lab: Lab) => `BERTH_LAB_PROCESS=${lab.name}/`;
const passedOn = /^(PATH|HOME|LANG|HTTPS?_PROXY|NO_PROXY|https?_proxy|no_proxy|SSL_CERT_(FILE|DIR))$/;

/** Starts a program of the lab in the background, in a session of its own; its output goes to ROLE.log in the lab's folder. */
export function startDaemon(lab: Lab, role: string, command: string, args: string[], env: Record<string, string> = {}) {
  const log = openSync(join(lab.dir, `${role}.log`), "a", 0o600);
  const own = Object.entries(process.env).filter(([name]) => passedOn.test(name));
  const child = spawn(command, args, {
    detached: true,
    stdio: ["ignore", log, log],
    cwd: "/",
    env: { ...Object.fromEntries(own), ...env, BERTH_LAB_PROCESS: `${lab.name}/${role}` },
  });
  // What a failed start means shows when its service does not answer.
  child.on("error", () => undefined);
  child.unref();
  closeSync(log);
}

/** Waits for what a just started daemon should answer; throws with its last words when it ended, or the time is over. */
export async function untilDaemon<T>(lab: Lab, role: string, look: () => Promise<T | undefined>): Promise<T> {
  const seen = await until(
    async () => {
      const found = await look();
      return found === undefined && processesOf(lab, role).length > 0 ? undefined : { found };
    },
    { timeoutMs: 60_000 },
  );
  if (seen?.found !== undefined) return seen.found;
  const log = await readFile(join(lab.dir, `${role}.log`), "utf8").catch(() => "");
  const words = log.trim().split("\n").slice(-5).join("\n");
  throw new Error(`${role} of ${lab.name} ${seen ? "ended" : "does not answer"}; its last words:\n${words}`);
}

/** The lab's processes, those of its Engine among them; of one role, or all. */
export function processesOf(lab: Lab, role?: string): number[] {
  const [all, one] = [marker(lab), `${marker(lab)}${role}`];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => environmentOf(pid).some((line) => (role === undefined ? line.startsWith(all) : line === one)))
    .map(Number);
}

function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return []; // it has ended meanwhile
  }
}

/** Ends them: asked first, killed after the grace. */
export async function stopProcesses(lab: Lab, role?: string, graceMs = 15_000): Promise<void> {
  signal(processesOf(lab, role), "SIGTERM");
  const gone = await until(async () => (processesOf(lab, role).length === 0 ? true : undefined), {
    timeoutMs: graceMs,
  });
  if (gone) return;
  // A killed daemon's children may appear once more before they end.
  for (let round = 0; round < 20 && processesOf(lab, role).length > 0; round++) {
    signal(processesOf(lab, role), "SIGKILL");
    await sleep(100);
  }
}

/** Sends a signal; one that has ended meanwhile is what was wanted. */
export function signal(pids: number[], name: "SIGTERM" | "SIGKILL"): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // ended
    }
  }
}
