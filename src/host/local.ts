import { type ChildProcess, spawn } from "node:child_process";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { capture } from "./capture.ts";
import type { ExecOptions, Result, Words } from "./host.ts";

export interface LocalOptions extends ExecOptions {
  cwd?: string;
  /** The whole environment of the process: nothing is inherited, so that no secret of ours leaks into it. */
  env: Readonly<Record<string, string>>;
  /** How much of stdout and of stderr is kept, in UTF-16 units: the end of it. */
  maxChars?: number;
}

/** What a process and its children get to end by themselves before they are killed, in ms. */
const grace = 2000;

/**
 * Runs a process on this machine, without a shell. An exit code is a result, not an error. Its whole process group ends
 * at a timeout (code null) and at an abort (rejects with the signal's reason). Throws `program_missing`.
 */
export async function runLocal(command: Words, options: LocalOptions): Promise<Result> {
  options.signal?.throwIfAborted();
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd: options.cwd, env: options.env, detached: true, stdio: "pipe" });
  const output = collect(child, options);
  const watch = endEarly(child, options);
  try {
    const { code, signal } = await ending(child, program);
    options.signal?.throwIfAborted();
    return { code: watch.timedOut() ? null : code, signal, ...output() };
  } finally {
    watch.stop();
  }
}

function collect(
  child: ChildProcess,
  { input, onOutput, maxChars }: LocalOptions,
): () => Pick<Result, "stdout" | "stderr"> {
  const kept = { stdout: capture(maxChars), stderr: capture(maxChars) };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      kept[name].write(text);
      onOutput?.(text);
    });
  }
  // A program may end without reading its input; its exit code tells more than EPIPE.
  child.stdin?.on("error", () => undefined).end(input);
  return () => ({ stdout: kept.stdout.text(), stderr: kept.stderr.text() });
}

function endEarly(child: ChildProcess, { signal, timeoutMs }: LocalOptions) {
  let timedOut = false;
  let ending = false;
  let last: NodeJS.Timeout | undefined;
  const kill = (name: NodeJS.Signals) => {
    try {
      // The negative number names the group: children that the program left behind end too.
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // ESRCH: the group has ended.
    }
  };
  const end = () => {
    ending = true;
    kill("SIGTERM");
    last = setTimeout(() => kill("SIGKILL"), grace);
  };
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          end();
        }, timeoutMs);
  signal?.addEventListener("abort", end, { once: true });
  return {
    timedOut: () => timedOut,
    stop() {
      clearTimeout(timer);
      clearTimeout(last);
      // A child that outlives the program we started is not waited for.
      if (ending) kill("SIGKILL");
      signal?.removeEventListener("abort", end);
    },
  };
}

function ending(child: ChildProcess, program: string) {
  return new Promise<Pick<Result, "code" | "signal">>((resolve, reject) => {
    child.on("error", (error) => reject(missing(program, error)));
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
}

const missing = (program: string, error: Error) =>
  new BerthError({
    code: "program_missing",
    message: `${cleanLine(program, 100)} could not be started.`,
    object: program,
    cause: cleanLine(error.message),
    next: `Install ${cleanLine(program, 100)} or put it in PATH, then repeat the command.`,
  });
