import type { Readable, Writable } from "node:stream";
import type { Log } from "../server/serving.ts";
import { serve } from "../server.ts";
import type { Config } from "../services/config.ts";
import type { GitCredentials } from "../services/source.ts";
import { surfaceOf } from "../services/surface-of.ts";
import { openBerth } from "../services.ts";

export interface ServeOptions {
  /** Only the tools that change nothing. */
  readOnly?: boolean;
  verbose?: boolean;
  identity?: string;
}

/** What the process gives to a server. stdout belongs to the protocol: whatever else is said goes to the log. */
export interface ServeSurroundings {
  cwd: string;
  git: GitCredentials;
  config: Config;
  stdin: Readable;
  stdout: Writable;
  log: Log;
  signal: AbortSignal;
}

/** `berth serve`: opens Berth and serves one client until it goes away or `signal` ends it. */
export async function serveClient({ readOnly = false }: ServeOptions, around: ServeSurroundings): Promise<void> {
  const { cwd, git, config } = around;
  const berth = openBerth(config);
  try {
    const surface = surfaceOf(berth, { cwd, git });
    await serve(surface, { readOnly, version: config.version }, around);
  } finally {
    berth.close();
  }
}
