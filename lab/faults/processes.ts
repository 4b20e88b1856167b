import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../../src/kit/wait.ts";
import { docker } from "../engine.ts";
import { containerName, type Lab } from "../names.ts";
import { signal } from "../processes.ts";
import { readServer } from "../server.ts";
import { run } from "../shell.ts";
import { type Fault, inflict, type Span } from "./inflict.ts";

// Who may be killed or frozen. All numbers are this machine's, those of a server's processes too.

/** The processes of Berth with that state folder: the workers, or the command lines and MCP servers. */
export function berthProcesses(home: string, kind: "workers" | "commands"): number[] {
  return processes().filter((pid) => {
    const words = linesOf(pid, "cmdline");
    const program = words.findIndex((word) => /(^|\/)(src|dist)\/cli\.[jt]s$|(^|\/)bin\/berth\.js$/.test(word));
    if (program < 0 || !linesOf(pid, "environ").includes(`BERTH_HOME=${home}`)) return false;
    return (words[program + 1] === "work") === (kind === "workers");
  });
}

/** sshd's processes of the connections to a server; of one process's connections alone where `from` names it. */
export async function sshdProcesses(lab: Lab, server: string, from?: number): Promise<number[]> {
  const { address, address6, port } = await readServer(lab, server);
  const inside = ["--net", "--target", String(await initOf(lab, server)), "ss", "-Htnp", "state", "established"];
  const sessions = (await run("nsenter", [...inside, "sport", "=", `:${port}`])).split("\n");
  if (from === undefined) return sessions.flatMap(pidsIn);
  const here = await run("ss", ["-Htnp", "state", "established", `( dst ${address} or dst [${address6}] )`]);
  const own = here.split("\n").filter((socket) => pidsIn(socket).includes(from));
  // Receive queue, send queue, this end, the other end.
  const ends = own.map((socket) => socket.split(/\s+/)[2]);
  return sessions.filter((socket) => ends.includes(socket.split(/\s+/)[3])).flatMap(pidsIn);
}

const pidsIn = (socket: string) => [...socket.matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid));

/** The Engine that builds: the lab's own, on which its servers live, too. */
export async function engineProcess(lab: Lab): Promise<number> {
  return Number(await readFile(join(lab.run, "docker.pid"), "utf8"));
}

/** Processes of that name (15 characters) in a server, those in its containers apart: `dockerd`. */
export async function serverProcesses(lab: Lab, server: string, name: string): Promise<number[]> {
  const space = spaceOf(await initOf(lab, server));
  return processes().filter((pid) => linesOf(pid, "comm")[0] === name && spaceOf(pid) === space);
}

const initOf = async (lab: Lab, server: string) =>
  Number(await docker(lab, ["container", "inspect", "--format", "{{.State.Pid}}", containerName(lab, server)]));

/** `kill -9`, waited for. Nothing undoes it. */
export async function killNow(pids: number[]): Promise<void> {
  signal(pids, "SIGKILL");
  const gone = await until(async () => (pids.every(isGone) ? true : undefined), { timeoutMs: 30_000, everyMs: 20 });
  if (!gone) throw new Error(`killed, but still there: ${pids.filter((pid) => !isGone(pid)).join(", ")}`);
}

/** Stops processes where they are, as a machine that sleeps does. */
export function freeze(lab: Lab, pids: number[], { seconds }: Span): Promise<Fault> {
  // To a process that got the number of one that has ended, SIGCONT does nothing.
  const undo = pids.map((pid) => `kill -CONT ${pid} 2>/dev/null || :`);
  return inflict(lab, `freeze-${pids.join("-")}`, { seconds, undo }, async () => {
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    // The kernel stops one thread after the other.
    const still = async () => (pids.every((pid) => stateOf(pid) === "T" || isGone(pid)) ? true : undefined);
    if (!(await until(still, { timeoutMs: 30_000, everyMs: 20 }))) throw new Error(`${pids.join(", ")} did not stop`);
  });
}

/** The state that the kernel gives a process: `T` is stopped, `Z` ended and not yet noticed by its parent; undefined for none. */
export const stateOf = (pid: number): string | undefined => /^\d+ \(.*\) (\S)/s.exec(textOf(pid, "stat"))?.[1];

const isGone = (pid: number) => [undefined, "Z", "X"].includes(stateOf(pid));

const processes = () =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

const linesOf = (pid: number, file: string) => textOf(pid, file).split(/[\0\n]/);

function textOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return ""; // it has ended meanwhile
  }
}

function spaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined; // it has ended meanwhile
  }
}
