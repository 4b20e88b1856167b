import { randomBytes } from "node:crypto";
import type { ClientChannel } from "ssh2";
import { BerthError } from "../kit/error.ts";
import { clean, cleanLine } from "../kit/text.ts";
import { capture } from "./capture.ts";
import { openSession } from "./channel.ts";
import type { ExecOptions, Result, Words } from "./host.ts";
import { quote, sh } from "./quote.ts";
import type { Connection } from "./ssh.ts";

/** Runs words as root over one connection. */
export type Exec = (command: Words, options?: ExecOptions) => Promise<Result>;

// Its own environment marks a command and all its children, so that they can be found again by any root: the signals of
// SSH do not pass sudo. systemd units and containers that it started are not among them.
const mark = "BERTH_EXEC";
const endMarked = `for signal in TERM KILL; do
  tries=0
  while pids=$(grep -lzxF "$1" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3) && [ -n "$pids" ] && [ $tries -lt 20 ]; do
    [ $tries -gt 0 ] || kill -s $signal $pids 2>/dev/null
    sleep 0.1; tries=$((tries + 1))
  done
done`;

/**
 * Exec over a connection, without a limit on how many run at once. An abort and a timeout end the command on the server
 * too, as far as it can be told.
 */
export const execOver =
  (connection: Connection, become: Words): Exec =>
  async (command, options = {}) => {
    options.signal?.throwIfAborted();
    const id = `${mark}=${randomBytes(12).toString("hex")}`;
    // Output is parsed here, so it must not be in the server's language.
    const line = quote([...become, "env", id, "LC_ALL=C.UTF-8", ...command]);
    const { channel, ending } = await start(connection, line, options);
    const watch = endEarly(() => endCommand(connection, become, id, channel), options);
    try {
      const result = await ending;
      options.signal?.throwIfAborted();
      return watch.timedOut() ? { ...result, code: null } : result;
    } finally {
      watch.stop();
    }
  };

interface Started {
  channel: ClientChannel;
  ending: Promise<Result>;
}

const start = (connection: Connection, line: string, options: ExecOptions): Promise<Started> =>
  openSession(
    connection,
    (done) => connection.ssh.exec(line, done),
    (channel) => ({ channel, ending: follow(channel, connection, options) }),
  );

function follow(channel: ClientChannel, connection: Connection, { input, onOutput }: ExecOptions): Promise<Result> {
  const stdout = capture();
  const stderr = capture();
  const to = (kept: typeof stdout) => (text: string) => {
    kept.write(text);
    onOutput?.(text);
  };
  channel.setEncoding("utf8").on("data", to(stdout));
  channel.stderr.setEncoding("utf8").on("data", to(stderr));
  let ending: Pick<Result, "code" | "signal"> | undefined;
  channel.on("exit", (code: number | null, signal?: string) => {
    ending = { code, signal: signal ?? null };
  });
  return new Promise((resolve, reject) => {
    // A command may end without reading its input; its exit code tells more than a broken pipe.
    channel.on("error", () => undefined);
    channel.on("close", () => {
      // Without an exit status nobody knows how it ended: "unknown", never "failed".
      const lost = ending === undefined ? connection.lost() : undefined;
      if (lost !== undefined) reject(lost);
      else resolve({ code: null, signal: null, ...ending, stdout: stdout.text(), stderr: stderr.text() });
    });
    channel.end(input);
  });
}

function endEarly(end: () => void, { signal, timeoutMs }: ExecOptions) {
  let timedOut = false;
  const timeOut = () => {
    timedOut = true;
    end();
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(timeOut, timeoutMs);
  signal?.addEventListener("abort", end, { once: true });
  // It may have come while the channel was being opened.
  if (signal?.aborted) end();
  return {
    timedOut: () => timedOut,
    stop() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
    },
  };
}

/** The channel is closed last: where the server cannot be told, at least nobody here waits on. */
function endCommand(connection: Connection, become: Words, id: string, channel: ClientChannel): void {
  start(connection, quote([...become, ...sh(endMarked, id)]), {})
    .then(({ ending }) => ending)
    .catch(() => undefined)
    .finally(() => channel.close());
}

/** stdout without its last newline, where the command ended with 0; else throws `remote_command_failed`. */
export function outputOf(name: string, command: Words, { code, signal, stdout, stderr }: Result): string {
  if (code === 0) return stdout.replace(/\n$/, "");
  const how =
    code === null ? `was ended${signal === null ? "" : ` by ${signal}`} before it was done` : `ended with code ${code}`;
  throw new BerthError({
    code: "remote_command_failed",
    message: `A command on the server ${how}: ${cleanLine(quote(command), 160)}`,
    object: name,
    cause: clean(stderr.trim() || stdout.trim(), 1500) || "It printed nothing.",
    next: `Look at the server (ssh ${name.replace(/^(.*):(\d+)$/, "-p $2 $1")}), then repeat the command: what is already done is not done again.`,
  });
}
