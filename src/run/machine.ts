import { readFileSync } from "node:fs";
import { uptime } from "node:os";

/** What a lease needs to know of the machine it is on. All runs of a store are worked on by one machine. */
export interface Machine {
  /** Seconds since boot, sleep included: a clock that nobody sets, and that all processes share. */
  uptime(): number;
  /** Another text after each boot; null where the system has none. */
  boot: string | null;
  pid: number;
  /** This process's start, in ticks since boot; null where the system does not say. */
  started: string | null;
  /** False only where the process is provably gone: no such pid, a zombie, or the pid is another process's by now. */
  mayLive(pid: number, started: string | null): boolean;
}

export function thisMachine(): Machine {
  return {
    uptime,
    boot: readText("/proc/sys/kernel/random/boot_id"),
    pid: process.pid,
    started: startOf("self"),
    mayLive,
  };
}

function mayLive(pid: number, started: string | null): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
  const now = startOf(pid);
  return now !== gone && (now === null || started === null || now === started);
}

/** A zombie: it answers signals and does nothing more. */
const gone = "gone";

/** Field 22 of /proc/PID/stat. */
function startOf(pid: number | "self"): string | null {
  const stat = readText(`/proc/${pid}/stat`);
  // The second field is the program's name in brackets, and may hold blanks and brackets itself.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields?.[0] === "Z" || fields?.[0] === "X") return gone;
  return fields?.[19] ?? null;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}
