import { BerthError } from "../../kit/error.ts";

/**
 * An environment file that `docker compose` reads back byte for byte. Its reader knows single quotes (all is literal but
 * \' ) and double quotes (escapes, and $ for variables); it turns CRLF into LF before it reads, so that a carriage return
 * has to be an escape. Names keep the order they are given in.
 */
export function renderEnv(values: ReadonlyMap<string, string>): string {
  return [...values].map(([name, value]) => `${checkedName(name)}=${quoted(name, value)}\n`).join("");
}

/** What `renderEnv` has written, read again. Throws a SyntaxError on anything else. */
export function parseEnv(text: string): Map<string, string> {
  const values = new Map<string, string>();
  const line = /([A-Za-z_][\w.-]*)=(?:'([^'\\\r]*)'|"((?:[^"\\$\r]|\\["\\$r])*)")\n/y;
  while (line.lastIndex < text.length) {
    const at = line.lastIndex;
    const [, name, literal, escaped] = line.exec(text) ?? [];
    if (name === undefined) throw new SyntaxError(`character ${at} of an environment file is not ours`);
    values.set(name, literal ?? unescaped(escaped ?? ""));
  }
  return values;
}

function quoted(name: string, value: string): string {
  if (value.includes("\0") || !value.isWellFormed())
    throw impossible(name, "Its value holds what no environment can: a NUL character, or half a character.");
  if (!/['\\\r]/.test(value)) return `'${value}'`;
  return `"${value.replaceAll(/["\\$]/g, "\\$&").replaceAll("\r", "\\r")}"`;
}

const unescaped = (text: string) => text.replaceAll(/\\(.)/g, (_, char: string) => (char === "r" ? "\r" : char));

function checkedName(name: string): string {
  if (!/^[A-Za-z_][\w.-]*$/.test(name))
    throw impossible(name, "Names are letters, digits, underscores, dots and dashes.");
  return name;
}

const impossible = (name: string, cause: string) =>
  new BerthError({
    code: "env_impossible",
    message: "An environment variable cannot be written to a file.",
    object: name,
    cause,
    next: "Give it another name or value, and plan again.",
  });
