import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import type { ClientCallback, ClientChannel } from "ssh2";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import type { Connection } from "./ssh.ts";

/**
 * Opens a session channel. `use` is called at once, in the same turn: a quick command's whole output and exit status may
 * come in the packet that opens it. sshd refuses sessions beyond MaxSessions, and counts one for a moment after it has
 * ended, so a refusal is tried again for some seconds. Throws connection_lost, no_channel.
 */
export async function openSession<T extends object>(
  connection: Connection,
  open: (done: ClientCallback) => void,
  use: (channel: ClientChannel) => T,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await new Promise((resolve, reject) => {
        // On a dead connection ssh2 throws from the call itself; here that becomes the promise's rejection.
        open((error, channel) => (error ? reject(error) : resolve(use(channel))));
      });
    } catch (error) {
      await turn();
      const lost = connection.lost();
      if (lost !== undefined) throw lost;
      if (tries === 20) throw noChannel(connection.name, error);
      await sleep(tries * 50);
    }
  }
}

const noChannel = (name: string, error: unknown) =>
  new BerthError({
    code: "no_channel",
    message: "The server opens no further session on this connection.",
    object: name,
    cause: cleanLine(error instanceof Error ? error.message : String(error)),
    next: "Raise MaxSessions in its sshd_config (10 is the default), or allow its user a shell.",
  });
