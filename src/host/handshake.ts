import type { Readable } from "node:stream";
import { Client, type ConnectConfig, type ServerHostKeyAlgorithm } from "ssh2";

/** An error of ssh2, which says at which level it arose: `client-socket`, `handshake`, `client-authentication`, … */
export type SshError = Error & { level?: string; code?: string | number };

export interface Attempt {
  ssh?: Client;
  /** The host key, as far as the handshake came. */
  shown?: Buffer;
  error?: SshError;
}

/** One TCP connection, one handshake, one login. Never rejects but where the way through the jumps is closed. */
export async function attempt(
  { host, port, user }: { host: string; port: number; user: string },
  way: {
    algorithms: ServerHostKeyAlgorithm[];
    methods: NonNullable<ConnectConfig["authHandler"]>;
    sock: () => Promise<Readable | undefined>;
    accept: (key: Buffer) => boolean;
    timeoutMs: number | undefined;
  },
): Promise<Attempt> {
  const sock = await way.sock();
  const ssh = new Client();
  const result: Attempt = {};
  const settled = new Promise<Attempt>((resolve) => {
    ssh.on("ready", () => resolve({ ...result, ssh }));
    ssh.on("close", () => resolve({ ...result, error: result.error ?? new Error("the connection was closed") }));
    ssh.on("error", (error: SshError) => {
      // ssh2 reports an agent that does not answer, and goes on with the next method.
      if (error.level === "agent") return;
      result.error ??= error;
      resolve(result);
    });
  });
  const hostVerifier = (key: Buffer) => {
    result.shown = Buffer.from(key);
    return way.accept(key);
  };
  const where = sock === undefined ? { host, port } : { sock };
  try {
    ssh.connect({
      ...where,
      username: user,
      hostVerifier,
      algorithms: { serverHostKey: way.algorithms },
      authHandler: way.methods,
      readyTimeout: way.timeoutMs ?? 20_000,
      // 15 s after the network went away every pending call ends; without it nothing would.
      keepaliveInterval: 5000,
      keepaliveCountMax: 3,
    });
  } catch (error) {
    return { ...result, error: error as SshError };
  }
  const outcome = await settled;
  if (outcome.ssh === undefined) ssh.destroy();
  return outcome;
}
