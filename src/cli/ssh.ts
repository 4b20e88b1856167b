import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Command } from "commander";
import { BerthError } from "../kit/error.ts";
import type { Berth } from "../services/berth.ts";
import { sshCommand } from "../services/ssh-command.ts";
import type { Act } from "./commands.ts";
import type { ExitCode, Terminal } from "./terminal.ts";

/** `berth ssh`: the system's own ssh, with the pinned host key, and nothing of Berth in between. */
export function addSsh(program: Command, act: Act): void {
  program
    .command("ssh <stack-or-server> [command...]")
    .description("the system's own ssh to a server, which takes the pinned host key and no other; -- before a command")
    .option("--identity <file>", "a private SSH key to log in with")
    .action((wanted: string, command: string[], options: { identity?: string }) =>
      act((berth, terminal) => ssh(berth, terminal, wanted, command))(options),
    );
}

async function ssh(berth: Berth, terminal: Terminal, wanted: string, command: string[]): Promise<ExitCode> {
  const words = await sshCommand(berth, wanted, command);
  // Ctrl-C is for what runs there.
  const stopListening = terminal.onInterrupt(() => undefined);
  try {
    const child = spawn("ssh", words, { stdio: "inherit", env: berth.config.env });
    const [code] = (await once(child, "exit").catch((error: Error) => {
      throw noClient(error.message);
    })) as [number | null];
    return code ?? 255;
  } finally {
    stopListening();
  }
}

const noClient = (cause: string) =>
  new BerthError({
    code: "no_ssh_client",
    message: "The system's ssh cannot be started.",
    object: "ssh",
    cause,
    next: "Install an OpenSSH client (8.5 or newer): apt install openssh-client",
  });
