import type { Command } from "commander";
import type { Act, Surroundings } from "./commands.ts";

interface Options {
  stack: string;
}

/** `berth secrets`: a value is typed or piped, never an argument, since every user of a machine sees those. */
export function addSecrets(program: Command, around: Surroundings, act: Act): void {
  const secrets = program.command("secrets").description("values that only you know, sealed in the state folder");

  secrets
    .command("set <name>")
    .description("reads a value, hidden, from this terminal or from stdin")
    .requiredOption("--stack <name>", "the stack that it is for")
    .action((name: string, options: Options) =>
      act(async (berth, terminal) => {
        const { scrubbable } = berth.secrets.set(options.stack, name, await around.readSecret(name));
        terminal.say(`${name} is set for ${options.stack}; the next plan of the stack uses it.`);
        if (!scrubbable)
          terminal.note(`! It is so short that it cannot be masked in logs. ${name} had better be longer.`);
        return 0;
      })({}),
    );

  secrets
    .command("list")
    .description("names and fingerprints, never values")
    .requiredOption("--stack <name>", "the stack")
    .action((options: Options) =>
      act(async (berth, terminal) => {
        for (const [name, print] of Object.entries(berth.secrets.fingerprints(options.stack)))
          terminal.say(`${name}  ${print}`);
        return 0;
      })({}),
    );

  secrets
    .command("remove <name>")
    .description("removes every version of a value")
    .requiredOption("--stack <name>", "the stack")
    .action((name: string, options: Options) =>
      act(async (berth, terminal) => {
        berth.secrets.remove(options.stack, name);
        terminal.say(`${name} is removed here; plans that were made with it cannot be applied again.`);
        return 0;
      })({}),
    );
}
