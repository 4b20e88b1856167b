import type { Duplex } from "node:stream";
import type Docker from "dockerode";
import type { ClientChannel, TcpConnectionDetails } from "ssh2";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { engineSessions, remoteEngine } from "./engine.ts";
import { type Exec, execOver, outputOf } from "./exec.ts";
import type { Host, Words } from "./host.ts";
import { takeLock } from "./lock.ts";
import { sh } from "./quote.ts";
import { slots } from "./slots.ts";
import { type Connection, openSsh, type SshOptions } from "./ssh.ts";
import type { Target } from "./target.ts";

/** sshd's default. Two sessions stay free: for a lock's heartbeat, and for ending a command. */
const maxSessions = 10;
const spare = 2;

/**
 * Connects to a server and makes sure that it can be administered. Throws host_unreachable, host_key_changed (and its
 * kin: unknown, revoked, unverifiable), login_refused, passphrase_needed, not_root.
 */
export async function connectSsh(target: Target, options: SshOptions): Promise<Host> {
  const connection = await openSsh(target, options);
  try {
    return hostOver(connection, target, await wayToRoot(connection, target));
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** The words in front of a command that make it run as root. */
async function wayToRoot(connection: Connection, { user }: Target): Promise<Words> {
  const { code, stdout, stderr } = await execOver(
    connection,
    [],
  )(sh('[ "$(id -u)" = 0 ] && echo root || sudo -n true'));
  if (code === 0) return stdout.trim() === "root" ? [] : ["sudo", "-n", "--"];
  throw new BerthError({
    code: "not_root",
    message: `${user} is not root on this server and may not become root without a password.`,
    object: connection.name,
    cause: cleanLine(stderr) || `sudo -n true ended with code ${code}.`,
    next: `As root, add this line with visudo -f /etc/sudoers.d/${user}: ${user} ALL=(ALL) NOPASSWD: ALL`,
  });
}

function hostOver(connection: Connection, { host: address, port, user }: Target, become: Words): Host {
  const { name, hostKey, ended } = connection;
  const inSlot = slots(maxSessions - spare - (become.length === 0 ? 0 : engineSessions - 1));
  const atOnce = execOver(connection, become);
  const exec: Exec = (command, options) => inSlot(() => atOnce(command, options));
  const forwards = listenForwards(connection);
  let engine: Promise<Docker> | undefined;
  return {
    name,
    address,
    port,
    user,
    hostKey,
    ended,
    exec,
    read: async (command, options) => outputOf(name, command, await exec(command, options)),
    engine() {
      // What failed once may work later: the Engine is installed over this same connection.
      engine ??= remoteEngine(connection, become, exec).catch((error: unknown) => {
        engine = undefined;
        throw error;
      });
      return engine;
    },
    forwardIn: forwards,
    lock: (lockName, holder) => takeLock({ connection, exec, atOnce }, lockName, holder),
    close: () => connection.close(),
  };
}

/** One listener for all forwarded ports of a connection; ssh2 tells them apart by number only. */
function listenForwards({ ssh, name, lost }: Connection): Host["forwardIn"] {
  const ports = new Map<number, (stream: Duplex) => void>();
  ssh.on("tcp connection", ({ destPort }: TcpConnectionDetails, accept: () => ClientChannel, reject: () => void) => {
    const onConnection = ports.get(destPort);
    if (onConnection === undefined) return reject();
    const stream = accept();
    // A peer that goes away is no failure of ours; whoever reads the stream sees its end.
    stream.on("error", () => undefined);
    onConnection(stream);
  });
  return (wanted, onConnection) =>
    new Promise((resolve, reject) => {
      const failed = (error: Error) => reject(lost() ?? forwardRefused(name, wanted, error));
      const opened = (port: number) => {
        ports.set(port, onConnection);
        const close = () =>
          new Promise<void>((done) => {
            ports.delete(port);
            if (lost() !== undefined) return done();
            ssh.unforwardIn("127.0.0.1", port, () => done());
          });
        resolve({ port, close });
      };
      try {
        // ssh2 answers a number only where the server chose it.
        ssh.forwardIn("127.0.0.1", wanted, (error, port) => (error ? failed(error) : opened(port || wanted)));
      } catch (error) {
        failed(error as Error);
      }
    });
}

const forwardRefused = (name: string, port: number, error: Error) =>
  new BerthError({
    code: "forward_refused",
    message: `The server does not forward ${port === 0 ? "a port" : `port ${port}`} of its loopback to us.`,
    object: name,
    cause: cleanLine(error.message),
    next: "Allow it in the server's sshd_config (AllowTcpForwarding yes), and see that nothing else listens on that port (ss -ltnp).",
  });
