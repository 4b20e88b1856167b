import type { Duplex } from "node:stream";
import type Docker from "dockerode";

/** A command as a value: its words, never a string. Quoting for a shell happens in one place (quote.ts). */
export type Words = readonly string[];

/** How a command ended. `code` is null where it has none: a signal or a timeout ended it, or its channel was closed. */
export interface Result {
  code: number | null;
  signal: string | null;
  /** The last million characters of each; all of it passes through onOutput. */
  stdout: string;
  stderr: string;
}

export interface ExecOptions {
  /** Goes to the command's stdin, which is then closed. */
  input?: string | Uint8Array;
  /** Called with each piece of stdout and stderr, as it comes. */
  onOutput?: (text: string) => void;
  /** An abort ends the command; the call then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Ends the command after this many ms; the result then has code null. */
  timeoutMs?: number;
}

/** One machine, over one connection. Every act runs as root: by sudo where the login is another user. */
export interface Host {
  /** For messages: `root@192.0.2.1:22`. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** `SHA256:…` of the host key that this connection was made to. */
  readonly hostKey: string;
  /**
   * Looks at the server. What changes it goes through a Lock. An exit code is a result, not an error; a connection that
   * dies in between throws `connection_lost`, and how the command ended is then unknown.
   */
  exec(command: Words, options?: ExecOptions): Promise<Result>;
  /** As exec, but an exit code other than 0 throws `remote_command_failed`; answers stdout without its last newline. */
  read(command: Words, options?: ExecOptions): Promise<string>;
  /** The Engine's API there, over this connection (dockerode). Throws `engine_unreachable` where there is none. */
  engine(): Promise<Docker>;
  /** TCP from a port on the server's loopback to us; port 0 lets the server choose. */
  forwardIn(port: number, onConnection: (stream: Duplex) => void): Promise<{ port: number; close(): Promise<void> }>;
  /** Takes the named lock on the server for this connection; throws `lock_held` naming who holds it. */
  lock(name: string, holder: { owner: string; run: string; ttlSeconds: number }): Promise<Lock>;
  close(): Promise<void>;
  /** Settles when the connection has ended: undefined after close(), else the reason. */
  readonly ended: Promise<Error | undefined>;
}

/** A lock that the server itself enforces: commands run only while its number is current. */
export interface Lock {
  readonly name: string;
  /** Grows with each taking. */
  readonly number: number;
  /** The number since which no other run has had it. */
  readonly since: number;
  /** Changes the server: runs while no takeover can be; throws `lock_lost` where another has it now. */
  exec(command: Words, options?: ExecOptions): Promise<Result>;
  /** As exec, but an exit code other than 0 throws `remote_command_failed`. */
  run(command: Words, options?: ExecOptions): Promise<string>;
  renew(ttlSeconds: number): Promise<void>;
  release(): Promise<void>;
}
