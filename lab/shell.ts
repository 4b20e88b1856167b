import { spawn } from "node:child_process";
import { appendFile } from "node:fs/promises";
import { text } from "node:stream/consumers";

export interface RunOptions {
  /** Added to this process's own environment. */
  env?: Record<string, string>;
  cwd?: string;
  /** Written to the command's standard input, which is empty otherwise. */
  input?: string | Buffer;
  /** The command is killed after so many milliseconds. */
  timeoutMs?: number;
  /** Both outputs are appended to this file, too. */
  log?: string;
}

interface Outcome {
  /** The exit code; 128 where a signal ended the command, 127 where it could not be started. */
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command without a shell and tells how it ended; never throws for what the command did. */
export async function attempt(command: string, args: string[], options: RunOptions = {}): Promise<Outcome> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    timeout: options.timeoutMs,
    killSignal: "SIGKILL",
  });
  const ended = new Promise<{ code: number; reason?: string }>((resolve) => {
    child.once("error", (error) => resolve({ code: 127, reason: error.message }));
    child.once("close", (code) => resolve({ code: code ?? 128 }));
  });
  // A command that does not read its input closes the pipe; that is no failure of ours.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const [stdout, stderr, { code, reason }] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (options.log !== undefined) await appendFile(options.log, `$ ${command} ${args.join(" ")}\n${stdout}${stderr}`);
  return { code, stdout, stderr: reason ?? stderr };
}

/** As `attempt`, for a command that must succeed: its standard output without the last line end. */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await attempt(command, args, options);
  if (code === 0) return stdout.replace(/\n$/, "");
  const said = (stderr.trim() || stdout.trim()).split("\n").slice(-12).join("\n");
  throw new Error(`${command} ${args.slice(0, 4).join(" ")}… ended with ${code}: ${said}`);
}

/** Whether the command ends with 0. */
export async function succeeds(command: string, args: string[], options: RunOptions = {}): Promise<boolean> {
  return (await attempt(command, args, options)).code === 0;
}
