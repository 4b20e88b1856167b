import { BerthError } from "../error.ts";
import { expand } from "../expand.ts";
import { cleanLine } from "../text.ts";
import type { Dockerfile, Instruction, Place, Stage } from "./parse.ts";

export interface BuildOptions {
  /** The stage that is wanted; null: the last. */
  target: string | null;
  args: Readonly<Record<string, string>>;
}

/** An image that is not made by the Dockerfile itself: its usual name, and where the text names it. */
interface Outside {
  name: string;
  at: Place;
}

export interface Needed {
  /** What the target is made of, itself last; each with the stage that it starts from, null where that is an image. */
  stages: { stage: Stage; from: Stage | null }[];
  outside: Outside[];
  /** Where the target ends: no stage behind it is built. */
  end: number;
}

/** The stages and images that a build of the target needs. Throws `dockerfile_unsupported` where a name depends on what only a build knows. */
export function neededFor(file: Dockerfile, { target, args }: BuildOptions): Needed {
  const last = indexOf(file, target);
  const globals = globalsOf(file, args);
  const seen = new Map<number, Stage | null>();
  const outside = new Map<number, Outside>();
  const visit = (index: number): void => {
    const stage = file.stages[index];
    if (!stage || seen.has(index)) return;
    const before = file.stages.slice(0, index);
    const bases = namesOf(stage, globals).map((name) => ({ name, index: stageNamed(before, name) }));
    seen.set(index, before[bases[0]?.index ?? -1] ?? null);
    for (const base of bases) {
      if (base.index >= 0) visit(base.index);
      else if (bases.length > 1) throw unsupported(stage, "its image depends on the processor that is built for");
      else if (isName(base.name)) note(base.name, stage.imageAt);
      else throw unsupported(stage, `${cleanLine(base.name, 100) || "nothing"} is no name of an image`);
    }
    for (const { value, at } of stage.instructions.flatMap(sourcesOf)) {
      const inner = /^\d+$/.test(value) ? Number(value) : stageNamed(before, value);
      if (inner >= 0) visit(inner);
      else if (isName(value)) note(value, at);
      else throw unsupported(stage, `${cleanLine(value, 100)} is no name of an image`);
    }
  };
  const note = (name: string, at: Place) => {
    if (name.toLowerCase() !== "scratch" && !name.includes("@")) outside.set(at.from, { name: tagged(name), at });
  };
  visit(last);
  return {
    stages: [...seen]
      .sort(([a], [b]) => a - b)
      .flatMap(([index, from]) => file.stages.slice(index, index + 1).map((stage) => ({ stage, from }))),
    outside: [...outside.values()].sort((a, b) => a.at.from - b.at.from),
    end: file.stages[last + 1]?.instructions[0]?.from ?? file.text.length,
  };
}

function indexOf({ stages }: Dockerfile, target: string | null): number {
  if (target === null) return stages.length - 1;
  const index = /^\d+$/.test(target) ? Number(target) : stageNamed(stages, target);
  if (stages[index]) return index;
  throw new BerthError({
    code: "dockerfile_unsupported",
    message: "The Dockerfile has no such stage.",
    object: cleanLine(target, 100),
    cause: `Its stages are ${cleanLine(stages.map(({ name }, n) => name || String(n)).join(", "), 300)}.`,
    next: "Correct the build's target in the compose file, then run the command again.",
  });
}

/** Of several stages of one name, the last counts. */
const stageNamed = (stages: readonly Stage[], name: string) =>
  name === "" ? -1 : stages.findLastIndex((stage) => stage.name === name.toLowerCase());

/** `ARG` before the first FROM, with what a build is given for them. */
export function globalsOf({ globals }: Dockerfile, args: BuildOptions["args"]): Map<string, string> {
  const values = new Map<string, string>();
  for (const { name, value } of globals) {
    const given = Object.hasOwn(args, name) ? args[name] : undefined;
    const known = given ?? (value === null ? undefined : expand(value, (one) => values.get(one), "\\$").text);
    if (known !== undefined) values.set(name, known);
  }
  return values;
}

/** Variables that BuildKit sets by itself. Their values are what the server is, which names no other image in most files. */
const ofProcessor = /\$\{?(?:TARGET|BUILD)(?:ARCH|PLATFORM|OS|VARIANT)\b/;
const processors = ["amd64", "arm64"];

/** What FROM says with its variables filled in: one name for each processor, where it asks for that. */
function namesOf(stage: Stage, globals: Map<string, string>): string[] {
  const named = (processor: string) =>
    expand(
      stage.image,
      (name) =>
        globals.get(name) ??
        (/^(?:TARGET|BUILD)ARCH$/.test(name) ? processor : /^(?:TARGET|BUILD)OS$/.test(name) ? "linux" : undefined),
      "\\$",
    );
  const variants = (ofProcessor.test(stage.image) ? processors : processors.slice(0, 1)).map(named);
  const missing = variants.flatMap((one) => one.missing);
  if (missing[0] !== undefined) throw unsupported(stage, `nothing says what ${missing[0]} is`);
  return [...new Set(variants.map(({ text }) => text))];
}

/** Whose files an instruction takes: `COPY --from=NAME`, `RUN --mount=…,from=NAME`. */
function sourcesOf({ keyword, flags }: Instruction): { value: string; at: Place }[] {
  if (keyword === "COPY") return flags.filter(({ name, value }) => name === "from" && value !== "");
  if (keyword !== "RUN") return [];
  return flags
    .filter(({ name }) => name === "mount")
    .flatMap(({ value, at }) => {
      const found = /(?:^|,)from=([^,]+)/.exec(value);
      if (found?.[1] === undefined) return [];
      const to = at.from + found.index + found[0].length;
      return [{ value: found[1], at: { from: to - found[1].length, to } }];
    });
}

const isName = (image: string) => /^[a-z0-9][\w./:@-]{0,300}$/.test(image);

/** `node` → `node:latest`: what people and a survey call it. */
const tagged = (image: string) => (/:[^/]*$/.test(image) ? image : `${image}:latest`);

const unsupported = (stage: Stage, cause: string) =>
  new BerthError({
    code: "dockerfile_unsupported",
    message: "An image that the Dockerfile starts from cannot be told before it is built.",
    object: cleanLine(stage.image, 200),
    cause: `In line ${stage.instructions[0]?.line ?? 1}, ${cause}.`,
    next: "Give its ARG a default before the first FROM, or name the image, then run the command again.",
  });
