import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Client } from "./clients.ts";

/** What a client is told of a server that it starts itself. */
export interface Entry {
  type?: "stdio";
  command: string;
  args: string[];
  env?: Record<string, string>;
}

/** Of the process that runs now: what it was started with. */
export interface Program {
  /** Node, and the file of the command line that it runs. */
  startedWith: readonly [node: string, file: string];
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
}

/**
 * How a client starts this very Berth. A desktop program has no shell's PATH, so both paths are whole; and it has none of
 * its variables, so a state folder of the person's choice is named. Never more of the environment: it may hold secrets.
 */
export function entryFor(client: Client, program: Program, { readOnly = false }: { readOnly?: boolean } = {}): Entry {
  const [node, file] = program.startedWith;
  const state = chosenState(program);
  return {
    ...(client.typed && { type: "stdio" }),
    command: lastingNode(node),
    args: [file, "serve", ...(readOnly ? ["--read-only"] : [])],
    ...(state !== undefined && { env: { BERTH_HOME: state } }),
  };
}

/** The state folder where it is not the usual one. */
function chosenState({ env, cwd }: Program): string | undefined {
  if (env["BERTH_HOME"]) return resolve(cwd, env["BERTH_HOME"]);
  const base = env["XDG_STATE_HOME"];
  const usual = join(env["HOME"] || homedir(), ".local/state");
  return base && resolve(cwd, base) !== usual ? resolve(cwd, base, "berth") : undefined;
}

/** Links to the Node that a package manager keeps up to date: the file behind them goes away with an update. */
const usualNodes = ["/usr/local/bin/node", "/opt/homebrew/bin/node", "/home/linuxbrew/.linuxbrew/bin/node"];

const lastingNode = (node: string): string => usualNodes.find((link) => leadsTo(link, node)) ?? node;

function leadsTo(link: string, file: string): boolean {
  try {
    return realpathSync(link) === realpathSync(file);
  } catch {
    return false;
  }
}
