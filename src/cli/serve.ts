import type { Readable, Writable } from "node:stream";
import { BerthError } from "../kit/error.ts";
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

/**
 * `berth serve`: opens Berth and serves one client until it goes away or `signal` ends it. Where the state folder cannot be
 * opened, the calls say why: a client shows what a tool answers, and seldom why a server did not start.
 */
export async function serveClient({ readOnly = false }: ServeOptions, around: ServeSurroundings): Promise<void> {
  const { cwd, git, config, log } = around;
  let close = () => {};
  const open = async () => {
    const [{ openBerth }, { surfaceOf }] = await Promise.all([
      import("../services.ts"),
      import("../services/surface-of.ts"),
    ]);
    const surface = () => {
      const berth = openBerth(config);
      try {
        const opened = surfaceOf(berth, { cwd, git });
        close = () => berth.close();
        return opened;
      } catch (error) {
        berth.close();
        throw error;
      }
    };
    try {
      return surface();
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      log.error({ code: error.code, next: error.next }, error.message);
      return (await import("../services/surface-later.ts")).surfaceLater(surface);
    }
  };
  try {
    await serve(open, { readOnly, version: config.version }, around);
  } finally {
    close();
  }
}
