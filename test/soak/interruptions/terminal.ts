import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Server } from "../../../lab/server.ts";
import { until } from "../../../src/kit/wait.ts";
import type { Cli } from "../../e2e/berth.ts";

/** A command of Berth's on a terminal of its own, and a person before it. */
export interface Typing {
  type(text: string): void;
  /** What the terminal has shown so far. */
  shown(): string;
  /** Waits until the terminal shows it. */
  shows(text: string): Promise<void>;
  /** The exit code, when it has ended. */
  ended: Promise<number>;
  end(): void;
}

export const ctrlC = "\u0003";

export function onTerminal(cli: Cli, server: Server, args: readonly string[]): Typing {
  const words = [process.execPath, join(import.meta.dirname, "../../../src/cli.ts"), ...args];
  const command = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    env: { ...cli.env, BERTH_IDENTITY: server.key },
  });
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => {
    shown += chunk.toString();
  });
  return {
    type: (text) => void child.stdin.write(text),
    shown: () => shown,
    async shows(text) {
      const seen = async () => (shown.includes(text) ? true : child.exitCode === null ? undefined : false);
      if (!(await until(seen, { timeoutMs: 600_000, everyMs: 50 })))
        throw new Error(`the terminal never showed "${text}":\n${shown.slice(-3000)}`);
    },
    ended: once(child, "close").then(([code]) => (code as number | null) ?? -1),
    end: () => void child.kill("SIGKILL"),
  };
}
