import { DockerfileParser, type From, type Instruction as Parsed } from "dockerfile-ast";
import { BerthError } from "../error.ts";
import { cleanLine } from "../text.ts";

/** A piece of the text, by offsets. */
export interface Place {
  from: number;
  to: number;
}

export interface Instruction extends Place {
  /** In capitals. */
  keyword: string;
  /** The line that it begins on, from 1. */
  line: number;
  /** Behind the keyword: where flags go. */
  afterKeyword: number;
  flags: { name: string; value: string; at: Place }[];
  /** What follows the flags, lines joined. */
  rest: string;
  /** The words of the exec form; null where it is the shell form. */
  exec: string[] | null;
  /** Of ARG and ENV; null where an ARG has no default. */
  variables: { name: string; value: string | null }[];
}

export interface Stage {
  /** In lower case, as BuildKit compares; "" where it has none. */
  name: string;
  /** As it is written, with its variables. */
  image: string;
  imageAt: Place;
  /** The first is FROM. */
  instructions: Instruction[];
}

export interface Dockerfile {
  text: string;
  /** The image of another reader of Dockerfiles that `# syntax=` names; its whole line with the line's end, and the name alone. */
  syntax: { image: string; line: Place; at: Place } | null;
  /** Defaults of ARG before the first FROM. */
  globals: { name: string; value: string | null }[];
  /** At least one. */
  stages: Stage[];
}

/** Nobody writes longer ones by hand. */
const maxLength = 65_536;
const keywords =
  /^(?:ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)$/;

/** Reads a Dockerfile. Throws `dockerfile_unreadable` where it is none, as far as can be told without building it. */
export function parseDockerfile(text: string): Dockerfile {
  if (text.length > maxLength) throw unreadable(1, `it has over ${maxLength} characters`);
  const parsed = DockerfileParser.parse(text);
  const offsetOf = offsets(text);
  const stages: Stage[] = [];
  const globals: Dockerfile["globals"] = [];
  for (const one of parsed.getInstructions()) {
    const instruction = read(one, offsetOf);
    if (!keywords.test(instruction.keyword))
      throw unreadable(instruction.line, `${cleanLine(instruction.keyword, 40)} is no instruction`);
    if (instruction.keyword === "FROM") stages.push(stageOf(one as From, instruction, offsetOf));
    else if (stages.length > 0) stages.at(-1)?.instructions.push(instruction);
    else if (instruction.keyword === "ARG") globals.push(...instruction.variables);
    else throw unreadable(instruction.line, `${instruction.keyword} stands before the first FROM`);
  }
  if (stages.length === 0) throw unreadable(1, "it has no FROM");
  return { text, syntax: syntaxOf(text), globals, stages };
}

function read(one: Parsed, offsetOf: Offset): Instruction {
  const { start, end } = one.getRange();
  const keyword = one.getKeyword();
  const rest = one.getArgumentsContent() ?? "";
  return {
    keyword,
    line: start.line + 1,
    from: offsetOf(start),
    to: offsetOf(end),
    afterKeyword: offsetOf(one.getInstructionRange().end),
    flags: "getFlags" in one ? flagsOf(one as Flagged, offsetOf) : [],
    rest,
    exec: execForm(rest),
    variables: keyword === "ARG" || keyword === "ENV" ? variablesOf(one as WithProperties) : [],
  };
}

type Flagged = Pick<From, "getFlags">;
type WithProperties = Parsed & { getProperties?(): Property[]; getProperty?(): Property | null };
interface Property {
  getName(): string;
  getValue(): string | null;
}

const flagsOf = (one: Flagged, offsetOf: Offset): Instruction["flags"] =>
  one.getFlags().map((flag) => {
    const { start, end } = flag.getValueRange() ?? flag.getRange();
    return { name: flag.getName(), value: flag.getValue() ?? "", at: { from: offsetOf(start), to: offsetOf(end) } };
  });

const variablesOf = (one: WithProperties): Instruction["variables"] =>
  (one.getProperties?.() ?? []).map((property) => ({ name: property.getName(), value: property.getValue() }));

function execForm(rest: string): string[] | null {
  if (!rest.startsWith("[")) return null;
  try {
    const words: unknown = JSON.parse(rest);
    return Array.isArray(words) && words.every((word) => typeof word === "string") ? words : null;
  } catch {
    // As BuildKit does: what is no JSON is a command for the shell.
    return null;
  }
}

function stageOf(from: From, instruction: Instruction, offsetOf: Offset): Stage {
  const image = from.getImage();
  const range = from.getImageRange();
  if (!image || !range) throw unreadable(instruction.line, "FROM names no image");
  return {
    name: from.getBuildStage()?.toLowerCase() ?? "",
    image,
    imageAt: { from: offsetOf(range.start), to: offsetOf(range.end) },
    instructions: [instruction],
  };
}

/** Only before the first instruction, as a comment. A few lines further on it would be one, and is taken for more than it is. */
function syntaxOf(text: string): Dockerfile["syntax"] {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf("\n", from);
    const to = end < 0 ? text.length : end + 1;
    const line = text.slice(from, to);
    const [, before = "", image = ""] = /^(\s*#\s*syntax\s*=\s*)(\S+)/i.exec(line) ?? [];
    if (image !== "") {
      const at = from + before.length;
      return { image, line: { from, to }, at: { from: at, to: at + image.length } };
    }
    if (!/^\s*(?:#|$)/.test(line)) return null;
    from = to;
  }
  return null;
}

type Offset = (position: { line: number; character: number }) => number;

function offsets(text: string): Offset {
  const starts = [0, ...[...text.matchAll(/\r\n|\r|\n/g)].map((end) => end.index + end[0].length)];
  return ({ line, character }) => (starts[line] ?? text.length) + character;
}

const unreadable = (line: number, cause: string) =>
  new BerthError({
    code: "dockerfile_unreadable",
    message: "A Dockerfile of the source cannot be read.",
    object: `line ${line}`,
    cause: `In line ${line}, ${cause}.`,
    next: "Correct it so that docker build takes it, then run the command again.",
  });
