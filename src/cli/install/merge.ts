import { isDeepStrictEqual } from "node:util";
import { applyEdits, modify, type ParseError, parse, printParseErrorCode } from "jsonc-parser";
import { BerthError } from "../../kit/error.ts";
import { cleanLine } from "../../kit/text.ts";
import type { Entry } from "./entry.ts";

export interface Merged {
  text: string;
  /** Nothing in it had to be changed. */
  equal: boolean;
  /** What else stood in the entry, and stays: names alone, since the values may be secrets. */
  kept: string[];
}

type Keyed = Record<string, unknown>;

/**
 * Puts a server's entry into a client's configuration. All else in the file stays as it is, comments and spaces included.
 * Throws `client_file_damaged` where the file cannot be read, `name_taken` where another server has the name.
 */
export function mergeEntry(file: string, text: string, key: string, name: string, entry: Entry): Merged {
  const mark = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  const body = text.slice(mark.length).trim() === "" ? "{}" : text.slice(mark.length);
  const before = readObject(file, body);
  const servers = before[key];
  if (servers !== undefined && !isKeyed(servers)) throw damaged(file, `"${key}" is no object`);
  const known = servers?.[name];
  if (known !== undefined && !isOurs(known)) throw nameTaken(file, name);
  const wanted = { ...known, ...entry, ...((known?.env || entry.env) && { env: { ...known?.env, ...entry.env } }) };
  const kept = [
    ...Object.keys(known ?? {}).filter((part) => part !== "env" && !(part in entry)),
    ...Object.keys(known?.env ?? {})
      .filter((variable) => !(variable in (entry.env ?? {})))
      .map((variable) => `env.${variable}`),
  ];
  if (isDeepStrictEqual(known, wanted)) return { text, equal: true, kept };

  const changed = put(body, servers === undefined ? [key] : [key, name], servers ? wanted : { [name]: wanted });
  // A key that stands twice is changed in one place and read from the other.
  const after = readObject(file, changed);
  if (!isDeepStrictEqual(after, { ...before, [key]: { ...servers, [name]: wanted } }))
    throw damaged(file, `"${key}" or "${name}" stands there twice`);
  return { text: mark + changed.replace(/\n?$/, "\n"), equal: false, kept };
}

/** What a client starts under a name, as far as its file can be read. Throws `client_file_damaged`. */
export function entriesIn(file: string, text: string, key: string): Record<string, unknown> {
  const servers = readObject(file, text.replace(/^\uFEFF/, "") || "{}")[key];
  return isKeyed(servers) ? servers : {};
}

/** An entry that starts `… serve`: what this command writes, with what a person may have put beside it. */
export const isOurs = (entry: unknown): entry is Keyed & { command: string; args: string[]; env?: Keyed } =>
  isKeyed(entry) &&
  typeof entry["command"] === "string" &&
  Array.isArray(entry["args"]) &&
  entry["args"].includes("serve") &&
  (entry["env"] === undefined || isKeyed(entry["env"]));

const isKeyed = (value: unknown): value is Keyed =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function readObject(file: string, text: string): Keyed {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first) {
    const lines = text.slice(0, first.offset).split("\n");
    const place = `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
    throw damaged(file, `${place}: ${printParseErrorCode(first.error)}`);
  }
  if (!isKeyed(value)) throw damaged(file, "its outermost value is no object");
  return value;
}

/** Sets a value, indented as the file is. jsonc-parser's own formatting would rewrite the neighbours, too. */
function put(text: string, path: string[], value: unknown): string {
  const indent = /^([ \t]+)\S/m.exec(text)?.[1] ?? "  ";
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const margin = eol + indent.repeat(path.length);
  const property = `${JSON.stringify(path.at(-1))}: ${JSON.stringify(value)}`;
  const indented = JSON.stringify(value, null, indent).replaceAll("\n", margin);
  const edits = modify(text, path, value, {}).map((edit) => {
    if (!edit.content.includes(property)) return { ...edit, content: indented };
    const isFirst = edit.content === property;
    const closing = isFirst && !/^\s*\n/.test(text.slice(edit.offset)) ? eol + indent.repeat(path.length - 1) : "";
    const written = `${margin}${JSON.stringify(path.at(-1))}: ${indented}${closing}`;
    return { ...edit, content: edit.content.replace(property, () => written) };
  });
  return applyEdits(text, edits);
}

const damaged = (file: string, cause: string) =>
  new BerthError({
    code: "client_file_damaged",
    message: "The client's configuration cannot be read, so it was left as it is.",
    object: file,
    cause,
    next: "Mend the file (its client may do so when it starts), or see with --print what has to stand there.",
  });

const nameTaken = (file: string, name: string) =>
  new BerthError({
    code: "name_taken",
    message: "The client has another server of this name.",
    object: file,
    cause: `What stands under "${cleanLine(name)}" does not start Berth, so it was left as it is.`,
    next: "Choose another name: --name berth-here",
  });
