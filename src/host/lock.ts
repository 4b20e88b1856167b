import { readFile } from "node:fs/promises";
import { sha256 } from "../kit/canonical.ts";
import { BerthError } from "../kit/error.ts";
import { cleanLine } from "../kit/text.ts";
import { type Exec, outputOf } from "./exec.ts";
import { keepAlive } from "./heartbeat.ts";
import type { Lock, Words } from "./host.ts";
import { sh } from "./quote.ts";
import type { Connection } from "./ssh.ts";

/** Exit codes of lock.sh. */
const exit = { busy: 74, held: 75, lost: 76, notEndable: 77, blocked: 78 };

export interface LockHolder {
  /** Who, for people: `ann@laptop`. */
  owner: string;
  /** The run. The same run gets its lock again at once, which ends the connection that it had before. */
  run: string;
  ttlSeconds: number;
}

/** What a lock needs of its host: `atOnce` passes the queue of commands, so that a heartbeat never waits in it. */
interface Door {
  connection: Connection;
  exec: Exec;
  atOnce: Exec;
}

/** Throws lock_held, takeover_blocked, lock_impossible. While it is held, a heartbeat renews it every third of its time. */
export async function takeLock({ connection, exec, atOnce }: Door, name: string, holder: LockHolder): Promise<Lock> {
  if (!/^[\w.-]{1,100}$/.test(name)) throw new TypeError(`a lock cannot be named ${name}`);
  const script = await install(connection.name, exec);
  const call = (...words: string[]): Words => ["sh", script, ...words];
  const seconds = (value: number) => String(Math.max(1, Math.ceil(value)));
  const { owner, run, ttlSeconds } = holder;

  const { number, since } = turnFrom(
    name,
    connection.name,
    await exec(call("take", name, encodeURIComponent(owner), encodeURIComponent(run), seconds(ttlSeconds))),
  );
  const renewFor = async (ttl: number): Promise<void> => {
    const command = call("renew", name, String(number), seconds(ttl));
    const result = await atOnce(command);
    if (result.code === exit.lost) throw lockLost(name, connection.name, result.stderr);
    outputOf(connection.name, command, result);
  };
  const heartbeat = keepAlive(renewFor, ttlSeconds, connection.ended);

  const act: Exec = async (command, options) => {
    heartbeat.check();
    const result = await exec(call("act", name, String(number), ...command), options);
    // The command may end with 76 of its own: the server says whether the lock is still ours.
    if (result.code === exit.lost) await heartbeat.beat();
    return result;
  };
  return {
    name,
    number,
    since,
    exec: act,
    run: async (command, options) => outputOf(connection.name, command, await act(command, options)),
    async renew(ttl) {
      heartbeat.check();
      await heartbeat.beat(ttl);
    },
    async release() {
      heartbeat.stop();
      const command = call("release", name, String(number));
      const result = await atOnce(command);
      // Who lost the lock, or is losing it to a takeover, has nothing left to release.
      if (result.code !== exit.lost && result.code !== exit.busy) outputOf(connection.name, command, result);
    },
  };
}

/** Under the hash of its content, so that two versions of Berth do not change each other's script. Answers its path. */
async function install(server: string, exec: Exec): Promise<string> {
  const text = await readFile(new URL("lock.sh", import.meta.url), "utf8");
  const path = `/var/lib/berth/lib/lock-${sha256(text).slice(0, 16)}.sh`;
  const command = sh(
    // By its size: a connection that is killed ends stdin, too.
    'whole() { [ "$(stat -c %s "$1" 2>/dev/null)" = "$2" ]; }; whole "$1" "$2" || { umask 077; mkdir -p "$(dirname "$1")"; cat >"$1.$$"; whole "$1.$$" "$2" || { rm -f "$1.$$"; exit 1; }; sync "$1.$$"; mv "$1.$$" "$1"; }; for tool in flock ss awk; do command -v $tool >/dev/null || { echo "$tool is missing" >&2; exit 1; }; done',
    path,
    String(Buffer.byteLength(text)),
  );
  outputOf(server, command, await exec(command, { input: text }));
  return path;
}

function turnFrom(name: string, server: string, result: Awaited<ReturnType<Exec>>): Pick<Lock, "number" | "since"> {
  const { code, stdout, stderr } = result;
  if (code === exit.held) throw lockHeld(name, server, stdout);
  if (code === exit.busy) throw lockBusy(name, server);
  if (code === exit.notEndable) throw lockImpossible(name, server, stderr);
  if (code === exit.blocked) throw takeoverBlocked(name, server, stderr);
  const [number, since] = outputOf(server, ["lock.sh", "take", name], result).split(" ").map(Number);
  if (!number || !since) throw new TypeError(`lock.sh answered ${JSON.stringify(result.stdout.slice(0, 100))}`);
  return { number, since };
}

function lockHeld(name: string, server: string, stdout: string): BerthError {
  const [, owner = "", run = "", , left = ""] = stdout.trim().split(" ");
  const who = `${decoded(owner)} (run ${decoded(run)})`;
  return new BerthError({
    code: "lock_held",
    message: `${who} is changing this server.`,
    object: `${server}, lock ${name}`,
    cause: `The lock is held for ${Number(left)} s more, and longer while that run goes on.`,
    next: "Wait until that run is done (berth runs), or cancel it; a run that died frees its lock within that time.",
  });
}

/** As `takeLock` has encoded it; what somebody else wrote there may not be an encoding at all. */
function decoded(text: string): string {
  try {
    return cleanLine(decodeURIComponent(text), 100);
  } catch {
    return cleanLine(text, 100);
  }
}

const lockBusy = (name: string, server: string) =>
  new BerthError({
    code: "lock_held",
    message: "Another run is taking over this server just now.",
    object: `${server}, lock ${name}`,
    cause: "It waits until what an earlier run began there has ended.",
    next: "Repeat this in half a minute.",
  });

export const lockLost = (name: string, server: string, stderr: string) =>
  new BerthError({
    code: "lock_lost",
    message: "Another run has taken over this server.",
    object: `${server}, lock ${name}`,
    cause: cleanLine(stderr) || "The lock was not renewed in time.",
    next: "Look at what the other run did (berth runs) before this one is resumed.",
  });

const takeoverBlocked = (name: string, server: string, stderr: string) =>
  new BerthError({
    code: "takeover_blocked",
    message: "What an earlier run began on this server does not end, so nothing else may change it yet.",
    object: `${server}, lock ${name}`,
    cause: cleanLine(stderr, 1000),
    next: "Wait for it, or end the processes named here on the server; then repeat the command.",
  });

const lockImpossible = (name: string, server: string, stderr: string) =>
  new BerthError({
    code: "lock_impossible",
    message: "This server's SSH service gives no connection that a later run could end.",
    object: `${server}, lock ${name}`,
    cause: cleanLine(stderr),
    next: "Reach the server by its OpenSSH (sshd), not by another SSH service.",
  });
