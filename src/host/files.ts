import { BerthError } from "../kit/error.ts";
import { keptOutput } from "./capture.ts";
import { outputOf } from "./exec.ts";
import type { Host, Lock } from "./host.ts";
import { sh } from "./quote.ts";

export interface FileStat {
  /** Of the content, in hex. */
  sha256: string;
  /** Octal, four digits: `0644`. */
  mode: string;
  /** `root:root` */
  owner: string;
  /** Bytes. */
  size: number;
}

export interface WriteOptions {
  /** Octal: `0644`. Only its owner can read the file unless told. */
  mode?: string;
  /** `user:group` */
  owner?: string;
}

const noSuchFile = 44;
const tooLarge = 45;
const cutOff = 46;

/** A text file of at most `maxBytes`; undefined where there is none. Throws `file_too_large`. */
export async function readFile(host: Host, path: string, maxBytes = keptOutput): Promise<string | undefined> {
  const script = `[ -e "$1" ] || exit ${noSuchFile}; [ "$(stat -Lc %s "$1")" -le "$2" ] || exit ${tooLarge}; cat "$1"`;
  const command = sh(script, path, String(Math.min(maxBytes, keptOutput)));
  const result = await host.exec(command);
  if (result.code === noSuchFile) return undefined;
  if (result.code === tooLarge) throw fileTooLarge(host.name, path, maxBytes);
  outputOf(host.name, command, result);
  return result.stdout;
}

/**
 * Writes a file whole or not at all: a reader sees the old content or the new. Folders that are missing are made,
 * readable by all. The content goes by stdin, so that no list of processes shows it.
 */
export async function writeFile(
  lock: Lock,
  path: string,
  content: string | Uint8Array,
  { mode = "0600", owner = "root:root" }: WriteOptions = {},
): Promise<void> {
  // A connection that is killed ends stdin as the content's end does: what came by then may be a part of it, or nothing.
  const script = `set -eu; mkdir -p "$(dirname "$1")"; umask 077; new=$1.$$.new; trap 'rm -f "$new"' EXIT
cat >"$new"; [ "$(stat -c %s "$new")" = "$4" ] || exit ${cutOff}; chown "$3" "$new"; chmod "$2" "$new"; sync "$new"; mv -T "$new" "$1"; sync "$(dirname "$1")"`;
  await lock.run(sh(script, path, mode, owner, String(Buffer.byteLength(content))), { input: content });
}

/** What is needed to tell whether a file is as it should be, without fetching it; undefined where there is none. */
export async function statOf(host: Host, path: string): Promise<FileStat | undefined> {
  const script = `[ -f "$1" ] || exit ${noSuchFile}; sha256sum <"$1" | cut -d" " -f1; stat -Lc "%a %U:%G %s" "$1"`;
  const command = sh(script, path);
  const result = await host.exec(command);
  if (result.code === noSuchFile) return undefined;
  const [sha256 = "", mode = "", owner = "", size = ""] = outputOf(host.name, command, result).split(/\s/);
  return { sha256, mode: mode.padStart(4, "0"), owner, size: Number(size) };
}

const fileTooLarge = (server: string, path: string, maxBytes: number) =>
  new BerthError({
    code: "file_too_large",
    message: "A file on the server is larger than is read from there.",
    object: `${server}:${path}`,
    cause: `It has more than ${maxBytes} bytes.`,
    next: "Look at the file on the server: it should be small.",
  });
