import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../../src/kit/wait.ts";
import { dockerWords } from "../engine.ts";
import { containerName, type Lab } from "../names.ts";
import { processesOf, startDaemon, untilDaemon } from "../processes.ts";
import { attempt } from "../shell.ts";
import { serverFolder } from "../ssh.ts";

/** A fault that stands. It ends by itself when its time is over, whatever became of the process that made it. */
export interface Fault {
  /** Ends it now, and waits for that; one that is over already is fine. Throws where the undo fails. */
  release(): Promise<void>;
}

/** How long a fault stands unless it is released before. */
export interface Span {
  seconds: number;
}

interface Undoing extends Span {
  /** Lines of sh, run in this order until one fails. What is gone already must be fine to them. */
  undo: string[];
}

const folderOf = (lab: Lab, name: string) => join(lab.run, "faults", name);
const roleOf = (name: string) => `fault-${name}`;
const logOf = (lab: Lab, name: string) => join(lab.dir, `${roleOf(name)}.log`);

/**
 * Arms the undo, in a process of its own that outlives this one, and then does the fault. Throws where a fault of that
 * name stands; where the act fails, it is undone before its error is thrown.
 */
export async function inflict(lab: Lab, name: string, undoing: Undoing, act: () => Promise<unknown>): Promise<Fault> {
  await arm(lab, name, undoing);
  const fault: Fault = { release: () => releaseFault(lab, name) };
  try {
    await act();
  } catch (error) {
    await fault.release();
    throw error;
  }
  return fault;
}

async function arm(lab: Lab, name: string, { seconds, undo }: Undoing): Promise<void> {
  if (!/^[a-z0-9][a-z0-9.-]*$/.test(name)) throw new Error(`"${name}" cannot name a fault: a-z, 0-9, . and -`);
  const folder = folderOf(lab, name);
  await mkdir(join(folder, ".."), { recursive: true });
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "EEXIST" ? new Error(`${name} stands already: lab fault release ${name}`) : error;
  });
  await writeFile(join(folder, "undo"), ["set -e", ...undo, ""].join("\n"));
  const timer = join(import.meta.dirname, "timer.sh");
  startDaemon(lab, roleOf(name), "sh", [timer, folder, String(seconds), logOf(lab, name)]);
  await untilDaemon(lab, roleOf(name), async () => (existsSync(join(folder, "timer")) ? true : undefined));
}

/** Ends the fault of that name; none is fine. Throws where the undo fails. */
export async function releaseFault(lab: Lab, name: string): Promise<void> {
  const folder = folderOf(lab, name);
  const timer = Number(await readFile(join(folder, "timer"), "utf8").catch(() => "0"));
  const timed = () => processesOf(lab, roleOf(name)).includes(timer);
  if (timed()) {
    process.kill(timer, "SIGTERM");
    await until(async () => (timed() ? undefined : true), { timeoutMs: 120_000 });
  }
  if (!existsSync(folder)) return;
  // It failed, or somebody killed its timer.
  const { code, stderr } = await attempt("sh", [join(folder, "undo")]);
  if (code !== 0) throw new Error(`${name} could not be undone: ${stderr.trim()} (all of it in ${logOf(lab, name)})`);
  await rm(folder, { recursive: true, force: true });
}

/** The names of the faults that stand. */
export const standingFaults = (lab: Lab): Promise<string[]> => readdir(folderOf(lab, "")).catch(() => []);

/** Ends all of the lab's faults; throws at the end where one of them could not be undone. */
export async function releaseFaults(lab: Lab): Promise<void> {
  const failures: unknown[] = [];
  for (const name of await standingFaults(lab))
    await releaseFault(lab, name).catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** Undoes by a command in a server; one that was taken away needs nothing undone. */
export const lineInServer = (lab: Lab, server: string, ...command: string[]): string =>
  `${line(...dockerWords(lab, "exec", containerName(lab, server), ...command))} || [ ! -e ${line(serverFolder(lab, server))} ]`;

/** Words as one line of sh. */
export const line = (...words: string[]): string => words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
