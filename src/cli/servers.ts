import type { Command } from "commander";
import { addServer, forgetServer, listServers } from "../services/servers.ts";
import type { Act } from "./commands.ts";

/** `berth servers`: names for addresses, and the host keys that are pinned. */
export function addServers(program: Command, act: Act): void {
  const command = program.command("servers").description("servers that this computer knows");

  command
    .command("list")
    .option("--json", "JSON")
    .action((options) =>
      act(async (berth, terminal) => {
        const known = listServers(berth);
        if (terminal.json) terminal.say(JSON.stringify(known));
        else
          for (const { name, target, hostKey } of known)
            terminal.say(`${name}  ${target}  ${hostKey ?? "host key not pinned yet"}`);
        return 0;
      })(options),
    );

  command
    .command("add <name> <address>")
    .description("a name for ssh://user@host:port")
    .option("--identity <file>", "a private SSH key to log in with")
    .action((name: string, target: string, options: { identity?: string }) =>
      act(async (berth, terminal) => {
        addServer(berth, name, target, options.identity);
        terminal.say(`${name} is ${target}.`);
        return 0;
      })(options),
    );

  command
    .command("remove <name>")
    .description("forgets a server and its pinned host key; the server itself is left alone")
    .action((name: string, options) =>
      act(async (berth, terminal) => {
        forgetServer(berth, name);
        terminal.say(`${name} is forgotten.`);
        return 0;
      })(options),
    );
}
