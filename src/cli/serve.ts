import type { Readable, Writable } from "node:stream";
import type { Log } from "../server/serving.ts";
import { serve } from "../server.ts";
import type { Config } from "../services/config.ts";
import type { GitCredentials } from "../services/source.ts";

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
  let close = () => {};
  const open = async () => {
    const [{ openBerth }, { surfaceOf }] = await Promise.all([
      import("../services.ts"),
      import("../services/surface-of.ts"),
    ]);
    const berth = openBerth(config);
    close = () => berth.close();
    return surfaceOf(berth, { cwd, git });
  };
  try {
    await serve(open, { readOnly, version: config.version }, around);
  } finally {
    close();
  }
}
