import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SimpleGitOptions, simpleGit } from "simple-git";
import { BerthError } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";
import type { GitAddress } from "./address.ts";
import { environment, type GitAccess, gitConfig, sshConfig } from "./git-config.ts";

export interface Git {
  /**
   * Runs git in `dir` and answers stdout; throws an Error that holds git's own words. `onBytes` gets how much came on
   * stdout and stderr. When it is settled, no process of it is left.
   */
  run(dir: string, args: string[], onBytes?: (count: number) => void): Promise<string>;
  dispose(): Promise<void>;
}

/** How much git may say at once: a list of a million refs or files. */
const maxBytes = 100_000_000;

/** A git that talks to this one server, at these addresses, by this protocol, and runs no program of anybody's choosing. */
export async function openGit(
  address: GitAddress,
  addresses: string[],
  access: GitAccess,
  signal: AbortSignal,
): Promise<Git> {
  const home = await mkdtemp(join(tmpdir(), "berth-git-"));
  await mkdir(join(home, "empty"));
  const files = { config: join(home, "config"), ssh: join(home, "ssh"), askpass: join(home, "askpass") };
  await writeFile(files.config, gitConfig(address, addresses, access));
  if (address.transport === "ssh") await writeFile(files.ssh, sshConfig(address, addresses, access), { mode: 0o600 });
  if (access.token !== undefined) await writeFile(files.askpass, askpass, { mode: 0o700 });
  const env = environment(address, access, files, join(home, "empty"));
  const launch = { program: access.git, token: access.token, env, signal };
  return {
    run: (dir, args, onBytes) => runGit(launch, dir, args, onBytes),
    dispose: () => rm(home, { recursive: true, force: true }),
  };
}

/** Asked by git for a user name, then for a password. The values are in the environment, never in a file or an argument. */
const askpass = `#!/bin/sh
case "$1" in
  Username*) printf '%s\\n' "$BERTH_GIT_USER" ;;
  *) printf '%s\\n' "$BERTH_GIT_TOKEN" ;;
esac
`;

interface Launch {
  program: string;
  token: string | undefined;
  env: Record<string, string>;
  signal: AbortSignal;
}

async function runGit(
  { program, token, env, signal }: Launch,
  dir: string,
  args: string[],
  onBytes?: (count: number) => void,
): Promise<string> {
  const tooMuch = new AbortController();
  let missing: BerthError | undefined;
  const git = simpleGit(dir, {
    ...launching(env),
    input: () => token && `${token}\n`,
    abort: AbortSignal.any([signal, tooMuch.signal]),
    // An exit code counts, whether or not words came with it; of the words only git's complaints.
    errors: (error, { exitCode, stdErr }) => {
      if (exitCode === 0) return error;
      const words = Buffer.concat(stdErr).toString().trim();
      if (exitCode === 127) missing = programMissing(program, words);
      return Buffer.from(words || error?.toString() || `git ended with ${exitCode}.`);
    },
  });
  let bytes = 0;
  const count = (chunk: Buffer) => {
    bytes += chunk.length;
    onBytes?.(chunk.length);
    if (bytes > maxBytes) tooMuch.abort();
  };
  git.env(env).outputHandler((_command, stdout, stderr) => {
    stdout.on("data", count);
    stderr.on("data", count);
  });
  try {
    return await git.raw(args);
  } catch (error) {
    signal.throwIfAborted();
    if (tooMuch.signal.aborted) throw new Error(`git wrote more than ${maxBytes} bytes.`);
    throw missing ?? error;
  }
}

/** How simple-git starts git: by the script that ends git's whole group, and with exactly our environment. */
const launching = (env: Record<string, string>): Partial<SimpleGitOptions> => ({
  // simple-git's abort signals the one process that it started.
  binary: ["/bin/sh", join(import.meta.dirname, "group.sh")],
  // All pipes are closed: whoever could still write has ended.
  completion: { onClose: true, onExit: false },
  // What simple-git refuses by default is how this git is kept from the person's configuration; the paths are our own.
  allowEnvironment: Object.keys(env),
  unsafe: {
    allowUnsafeCustomBinary: true,
    allowUnsafeConfigPaths: true,
    allowUnsafeAskPass: true,
    allowUnsafeSshCommand: true,
  },
});

const programMissing = (program: string, words: string) =>
  new BerthError({
    code: "program_missing",
    message: `${cleanLine(program, 100)} could not be started.`,
    object: program,
    cause: cleanLine(words) || "No program of this name was found.",
    next: `Install ${cleanLine(program, 100)} or put it in PATH, then repeat the command.`,
  });
