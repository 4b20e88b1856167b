import type { Command } from "commander";
import type { Berth } from "../services/berth.ts";
import { stackStatus } from "../services/stack-facts.ts";
import { glanceAtStacks } from "../services/stacks-glance.ts";
import type { StackStatus } from "../services/surface.ts";
import type { Act } from "./commands.ts";
import { glanceText, isWell, statusText } from "./status-text.ts";
import type { ExitCode, Terminal } from "./terminal.ts";

/** `berth status`: what stands, as its servers show it. It changes nothing, and answers 0 whatever it sees. */
export function addStatus(program: Command, act: Act): void {
  program
    .command("status [stack]")
    .description("what runs, how well, and what differs from its plan; without a name all stacks, a line each")
    .option("--json", "the same as JSON")
    .action((stack: string | undefined, options) =>
      act((berth, terminal) => (stack === undefined ? showAll(berth, terminal) : showOne(berth, terminal, stack)))(
        options,
      ),
    );
}

async function showAll(berth: Berth, terminal: Terminal): Promise<ExitCode> {
  const stacks = await glanceAtStacks(berth);
  if (terminal.json) terminal.say(JSON.stringify(stacks));
  else for (const line of glanceText(stacks)) terminal.say(line);
  const next = stacks.length === 0 ? "None yet: berth up SOURCE --server SERVER" : "More of one: berth status STACK";
  if (!terminal.json) terminal.note(next);
  return 0;
}

async function showOne(berth: Berth, terminal: Terminal, stack: string): Promise<ExitCode> {
  const status = await stackStatus(berth, stack, new AbortController().signal);
  if (terminal.json) terminal.say(JSON.stringify(status, null, 1));
  else {
    for (const line of statusText(status, new Date())) terminal.say(line);
    terminal.note(`\n${nextOf(status)}`);
  }
  return 0;
}

function nextOf(status: StackStatus): string {
  const { name, containers } = status;
  if (isWell(status)) return `What it prints: berth logs ${name} -f`;
  const bad = containers.find(({ health, state }) => health === "unhealthy" || state !== "running");
  const logs = `What it prints: berth logs ${name}${bad?.part ? ` ${bad.part}` : ""}`;
  return `${logs}\nBring it back to its plan: berth redeploy ${name}, or berth up SOURCE as before`;
}
