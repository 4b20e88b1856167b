import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { failureOf } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";
import { engineHere } from "../../services/engine-here.ts";
import type { Program } from "../install/entry.ts";
import { bad, type Check, ok, warn } from "./check.ts";

/** The programs of this computer that Berth works with. */
export const computerChecks = (program: Program): Promise<Check[]> =>
  Promise.all([node(program), git(program), ssh(program), engine(program)]);

const leastNode = [22, 13] as const;

async function node({ startedWith }: Program): Promise<Check> {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [needed, neededMinor] = leastNode;
  if (major > needed || (major === needed && minor >= neededMinor))
    return ok("Node", `${process.versions.node} at ${startedWith[0]}`);
  return bad(
    "Node",
    `${process.versions.node} is too old: Berth needs ${leastNode.join(".")} or later`,
    "Install a newer Node.js from https://nodejs.org or by your package manager.",
  );
}

async function git({ env }: Program): Promise<Check> {
  const said = await firstLine("git", ["--version"], env);
  if (said !== undefined) return ok("git", said);
  return warn("git", "not found: folders can be deployed, addresses of repositories cannot", "Install git.");
}

async function ssh({ env }: Program): Promise<Check> {
  const said = await firstLine("ssh", ["-V"], env);
  if (said !== undefined) return ok("ssh", said);
  return warn(
    "ssh",
    "not found: Berth logs in by itself, but does not know your ~/.ssh/config without it",
    "Install the OpenSSH client, if you use a configuration of it.",
  );
}

async function engine({ env }: Program): Promise<Check> {
  try {
    const { version, architecture } = await engineHere(env);
    return ok("Docker Engine", `${version} (${architecture}): images are built here`);
  } catch (error) {
    const { cause, next } = failureOf(error);
    return warn(
      "Docker Engine",
      `none answers here, so images are built on the server, with its memory and disk: ${cleanLine(cause, 160)}`,
      next,
    );
  }
}

/** What a program says of itself; undefined where it cannot be started. ssh says it on stderr. */
async function firstLine(
  program: string,
  args: string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { env: { ...env }, timeout: 15_000 });
    return cleanLine((stdout || stderr).split("\n")[0] ?? "");
  } catch {
    return undefined;
  }
}
