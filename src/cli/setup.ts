import type { Command } from "commander";
import type { Surroundings } from "./commands.ts";
import type { ExitCode } from "./terminal.ts";

/** `berth install` and `berth doctor`: what puts Berth to work on this computer. Neither needs a state folder. */
export function addSetup(program: Command, around: Surroundings, ended: (code: ExitCode) => void): void {
  program
    .command("install <client>")
    .description("lets claude-desktop, claude-code, vscode or cursor start Berth: shows and writes its configuration")
    .option("--print", "only shows what has to stand where")
    .option("--name <name>", "what the client calls it", "berth")
    .option("--read-only", "it can look and plan, and change nothing")
    .option("--project", "in this folder's project, not for all of yours")
    .action(async (client: string, options) => {
      const { install } = await import("./install.ts");
      ended(install(around.terminal(false), around, client, options));
    });

  program
    .command("doctor")
    .description("what is missing here, and what older and modern MCP clients see of Berth")
    .option("--json", "JSON")
    .action(async (options: { json?: boolean }) => {
      const { doctor } = await import("./doctor.ts");
      ended(await doctor(around.terminal(options.json === true), around));
    });
}
