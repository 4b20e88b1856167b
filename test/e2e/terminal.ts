import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Server } from "../../lab/server.ts";
import type { Cli } from "./berth.ts";

/** A command of Berth's in a terminal of its own, where a person types a line when they are asked that; what it showed. */
export async function inTerminal(
  { cli, server }: { cli: Cli; server: Server },
  args: readonly string[],
  typed: string,
  question = "Type yes",
): Promise<{ code: number; shown: string }> {
  const words = [process.execPath, join(import.meta.dirname, "../../src/cli.ts"), ...args];
  const command = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    env: { ...cli.env, BERTH_IDENTITY: server.key },
  });
  let [shown, asked] = ["", false];
  child.stdout.on("data", (chunk: Buffer) => {
    shown += chunk.toString();
    if (asked || !shown.includes(question)) return;
    asked = true;
    child.stdin.write(`${typed}\r`);
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code: code ?? -1, shown };
}
