import type { Command } from "commander";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import type { Berth } from "../services/berth.ts";
import { proposeCommand } from "../services/command.ts";
import { resume } from "../services/runs.ts";
import { leftCommand } from "../services/stack-acting.ts";
import type { CommandWanted } from "../services/surface.ts";
import { type ActConsent, doAct } from "./act.ts";
import type { Act } from "./commands.ts";
import { followToEnd } from "./follow.ts";
import type { ExitCode, Terminal } from "./terminal.ts";

/** `berth run`: a command beside a service, with all that it has; stdout and the exit code are the command's. */
export function addRun(program: Command, act: Act): void {
  program
    .command("run <stack/service> <command...>")
    .description("runs a command once, in a container of its own with all that a service has; -- before the command")
    .option("--approve <hash>", "a person has read the command, by the hash that was shown")
    .option("--json", "JSON lines")
    .action((where: string, argv: string[], options: ActConsent & { json?: boolean }) =>
      act((berth, terminal) => runBeside(berth, terminal, wantedOf(where, argv), options))(options),
    );
}

async function runBeside(
  berth: Berth,
  terminal: Terminal,
  wanted: CommandWanted,
  consent: ActConsent,
): Promise<ExitCode> {
  const left = leftCommand(berth, wanted);
  if (left === undefined) return doAct(berth, terminal, await proposeCommand(berth, wanted), consent);
  terminal.note(`This command runs already, as ${left}: going on with it.`);
  return followToEnd(berth, terminal, left, await resume(berth, left));
}

function wantedOf(where: string, argv: string[]): CommandWanted {
  const [stack, service, ...more] = where.split("/");
  if (stack && service && more.length === 0) return { stack, service, argv };
  throw new BerthError({
    code: "usage",
    message: "The command line does not say beside which service.",
    object: cleanLine(where, 80),
    cause: "It has the form STACK/SERVICE.",
    next: "berth status STACK lists the services; then: berth run STACK/SERVICE -- COMMAND",
  });
}
