import { posix } from "node:path";
import { expand } from "../expand.ts";
import type { Dockerfile, Instruction } from "./parse.ts";
import { type BuildOptions, globalsOf, neededFor } from "./stages.ts";

interface At {
  /** From 1. */
  line: number;
}

/** What the image is like that a Dockerfile makes, as far as its own lines say; the image that it starts from may say more. */
export interface MadeImage {
  exposed: (At & { port: number; protocol: "tcp" | "udp" })[];
  /** null: that of the image it starts from, which is root in most. */
  user: (At & { value: string }) | null;
  workdir: string;
  volumes: (At & { path: string })[];
  entrypoint: (At & { words: string[]; shell: boolean }) | null;
  command: (At & { words: string[]; shell: boolean }) | null;
  /** `command: null`: the image says that it has none. */
  health: (At & { command: string[] | null }) | null;
  env: Map<string, At & { value: string }>;
  /** ARG without a default, which a build has to be given. */
  args: (At & { name: string })[];
  /** What is copied out of the build's context, as it is written. */
  copied: (At & { source: string })[];
}

const empty = (): MadeImage => ({
  exposed: [],
  user: null,
  workdir: "/",
  volumes: [],
  entrypoint: null,
  command: null,
  health: null,
  env: new Map(),
  args: [],
  copied: [],
});

/** Reads the target of a Dockerfile with the stages that it starts from. */
export function madeImage(file: Dockerfile, options: BuildOptions): MadeImage {
  const { stages } = neededFor(file, options);
  const target = stages.at(-1)?.stage;
  const below = new Map(stages.map(({ stage, from }) => [stage, from]));
  const chain = [];
  for (let stage = target; stage; stage = below.get(stage) ?? undefined) chain.unshift(stage);
  const image = empty();
  const globals = globalsOf(file, options.args);
  for (const stage of chain) {
    const values = new Map<string, string>();
    let commandHere = false;
    for (const one of stage.instructions) {
      apply(image, one, values, { globals, args: options.args });
      if (one.keyword === "CMD") commandHere = true;
      // A new entrypoint does not get the words that were meant for another.
      if (one.keyword === "ENTRYPOINT" && !commandHere) image.command = null;
    }
  }
  // What other stages copy goes into the image by way of them.
  for (const { stage } of stages)
    if (!chain.includes(stage)) image.copied.push(...stage.instructions.flatMap((one) => copiedBy(one)));
  return image;
}

interface Given {
  globals: Map<string, string>;
  args: BuildOptions["args"];
}

function apply(image: MadeImage, one: Instruction, values: Map<string, string>, given: Given): void {
  const { line, rest, exec } = one;
  const full = (text: string) => expand(text, (name) => image.env.get(name)?.value ?? values.get(name), "\\$").text;
  const words = (text: string) => exec ?? text.split(/\s+/).filter((word) => word !== "");
  switch (one.keyword) {
    case "ARG":
      for (const { name, value } of one.variables) declare(image, name, value === null ? null : full(value), line);
      return;
    case "ENV":
      for (const { name, value } of one.variables) image.env.set(name, { value: full(value ?? ""), line });
      return;
    case "EXPOSE":
      image.exposed.push(...words(rest).flatMap((word) => portsOf(full(word)).map((port) => ({ ...port, line }))));
      return;
    case "USER":
      image.user = { value: full(rest), line };
      return;
    case "WORKDIR":
      image.workdir = posix.resolve(image.workdir, full(rest));
      return;
    case "VOLUME":
      image.volumes.push(...words(rest).map((path) => ({ path: full(path), line })));
      return;
    case "ENTRYPOINT":
      image.entrypoint = { words: commandOf(rest, exec), shell: exec === null, line };
      return;
    case "CMD":
      image.command = { words: commandOf(rest, exec), shell: exec === null, line };
      return;
    case "HEALTHCHECK":
      image.health = { command: healthOf(rest), line };
      return;
    default:
      image.copied.push(...copiedBy(one));
  }

  function declare(into: MadeImage, name: string, value: string | null, at: number): void {
    const known = (Object.hasOwn(given.args, name) ? given.args[name] : undefined) ?? value ?? given.globals.get(name);
    if (known === undefined) into.args.push({ name, line: at });
    else values.set(name, known);
  }
}

const commandOf = (rest: string, exec: string[] | null) => exec ?? ["/bin/sh", "-c", rest];

function healthOf(rest: string): string[] | null {
  const [, command] = /^CMD\s+(.*)$/is.exec(rest) ?? [];
  if (command === undefined) return null;
  if (!command.startsWith("[")) return ["/bin/sh", "-c", command];
  try {
    const words: unknown = JSON.parse(command);
    if (Array.isArray(words) && words.every((word) => typeof word === "string")) return words;
  } catch {}
  return ["/bin/sh", "-c", command];
}

/** `8080`, `53/udp`, `9000-9002`. */
function portsOf(text: string): { port: number; protocol: "tcp" | "udp" }[] {
  const [, first, last, protocol] = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp))?$/i.exec(text) ?? [];
  if (first === undefined) return [];
  const count = Math.min(Math.max(Number(last ?? first) - Number(first) + 1, 1), 100);
  return Array.from({ length: count }, (_, n) => Number(first) + n)
    .filter((port) => port > 0 && port < 65536)
    .map((port) => ({ port, protocol: protocol?.toLowerCase() === "udp" ? "udp" : "tcp" }));
}

function copiedBy({ keyword, flags, rest, exec, line }: Instruction): MadeImage["copied"] {
  if ((keyword !== "COPY" && keyword !== "ADD") || flags.some(({ name }) => name === "from")) return [];
  const words = exec ?? rest.split(/\s+/);
  return words
    .slice(0, -1)
    .filter((source) => !/^<<|^https?:|^git@/.test(source))
    .map((source) => ({ source, line }));
}
