import http from "node:http";
import { Duplex } from "node:stream";
import type { ClientChannel } from "ssh2";
import type { Connection } from "./ssh.ts";
import { connectionLost } from "./ssh-errors.ts";

/** Opens one stream to a server's socket. */
export type Dial = () => Promise<ClientChannel>;

/**
 * HTTP over channels of a connection, kept alive between calls. A channel lacks what a socket does by itself: it stays
 * half open when the other side ends it, and does not end with its connection. Left so, an Engine that was restarted, or
 * a connection that died, would leave dead channels in the pool that swallow the next calls.
 */
export function agentOver(connection: Connection, dial: Dial, maxSockets: number): http.Agent {
  const agent = new http.Agent({ keepAlive: true, maxSockets, maxFreeSockets: 2 });
  const open = new Set<ClientChannel>();
  // The end of a channel is noticed only where it is read; in the pool nobody reads it.
  agent.on("free", (channel: Duplex) => channel.resume());
  connection.ssh.on("close", () => {
    for (const channel of open) {
      // What ssh2 does by itself does not tell the caller why.
      Duplex.prototype.destroy.call(channel, connection.lost());
      leavePool(channel);
    }
  });
  const createConnection = (_options: unknown, done: (error: Error | null, stream?: Duplex) => void): undefined => {
    // What ssh2 throws on a dead connection nobody would catch in http.Agent: a dial rejects instead.
    dial().then(
      (channel) => {
        open.add(channel);
        channel.on("close", () => open.delete(channel));
        done(null, channel);
      },
      (error: Error) =>
        done(connection.lost() ?? (isEnding(error) ? connectionLost(connection.name, undefined) : error)),
    );
  };
  return Object.assign(agent, { createConnection });
}

/** What ssh2 says while the connection ends, a moment before it is known to be lost. */
const isEnding = ({ message }: Error) => message === "Not connected";

/** A channel with what http expects of a socket. */
export function asSocket(channel: ClientChannel): ClientChannel {
  const itself = () => channel;
  for (const name of ["setKeepAlive", "setNoDelay", "setTimeout", "ref", "unref"]) {
    if (!(name in channel)) Object.assign(channel, { [name]: itself });
  }
  if (!("destroySoon" in channel)) Object.assign(channel, { destroySoon: () => channel.destroy() });
  // What dial-stdio complains about must not fill its window and stop the stream.
  channel.stderr?.resume();
  channel.on("error", () => undefined);
  channel.once("end", () => {
    channel.end();
    leavePool(channel);
  });
  return channel;
}

/** The event by which http itself takes a socket out of its agent; from among the idle ones only if it is no longer writable. */
const leavePool = (channel: ClientChannel) => channel.emit("agentRemove");
