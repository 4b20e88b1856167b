import type { Command } from "commander";
import type { Berth } from "../services/berth.ts";
import { proposeDestruction } from "../services/destroy.ts";
import { resume } from "../services/runs.ts";
import { leftDestruction } from "../services/stack-acting.ts";
import { type ActConsent, doAct } from "./act.ts";
import type { Act } from "./commands.ts";
import { followToEnd } from "./follow.ts";
import type { ExitCode, Terminal } from "./terminal.ts";

/** `berth destroy`: a stack with its data, under its typed name. */
export function addDestroy(program: Command, act: Act): void {
  program
    .command("destroy <stack>")
    .description("takes a stack away with its data: shows what is lost, and wants the stack's name typed")
    .option("--approve <hash>", "a person has read what is lost, by the hash that was shown")
    .option("--json", "JSON lines")
    .action((stack: string, options: ActConsent & { json?: boolean }) =>
      act((berth, terminal) => destroy(berth, terminal, stack, options))(options),
    );
}

export async function destroy(berth: Berth, terminal: Terminal, stack: string, consent: ActConsent): Promise<ExitCode> {
  const left = leftDestruction(berth, stack);
  if (left !== undefined) {
    terminal.note(`${stack} is being destroyed already, by ${left}: going on with it.`);
    return followToEnd(berth, terminal, left, await resume(berth, left));
  }
  const proposed = await proposeDestruction(berth, stack, new AbortController().signal);
  if (proposed) return doAct(berth, terminal, proposed, consent);
  if (terminal.json) terminal.say(JSON.stringify({ event: "result", state: "gone", stack }));
  else terminal.say(`Nothing is left of ${stack}.`);
  return 0;
}
