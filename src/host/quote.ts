import type { Words } from "./host.ts";

const plain = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** One word for a POSIX shell: inside single quotes nothing has a meaning but the single quote itself. */
const word = (text: string): string => (plain.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** Words as the one line that a POSIX shell reads back as exactly these words. Throws on NUL, which no argument can hold. */
export function quote(words: Words): string {
  if (words.some((text) => text.includes("\0"))) throw new TypeError("a word of a command holds a NUL character");
  const [command = "", ...rest] = words.map(word);
  // `a=b` in front would be an assignment, not a command.
  return [command.includes("=") && !command.startsWith("'") ? `'${command}'` : command, ...rest].join(" ");
}

/** A shell script as words; its arguments arrive as $1, $2, … and never become part of the script. */
export const sh = (script: string, ...args: string[]): Words => ["sh", "-c", script, "sh", ...args];
