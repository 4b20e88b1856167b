import { posix } from "node:path";
import { type MadeImage, madeImage } from "../../../kit/dockerfile/image.ts";
import { type Dockerfile, parseDockerfile } from "../../../kit/dockerfile/parse.ts";
import { type BuildOptions, neededFor } from "../../../kit/dockerfile/stages.ts";
import type { View } from "../read.ts";
import type { Service } from "../schema.ts";

/** A Dockerfile of the source with what it is built with. */
export interface DockerBuild {
  /** The Dockerfile's path. */
  file: string;
  own: NonNullable<Service["own_build"]>;
  /** Undefined where the file cannot be read as one: what builds it says why. */
  image: MadeImage | undefined;
  /** What its last stage starts from, through all stages; undefined where that is nothing or cannot be told. */
  base: string | undefined;
}

export interface Wanted extends Partial<BuildOptions> {
  file: string;
  /** Where nobody says it, what its COPY lines find tells. */
  context?: string | undefined;
}

/** Undefined where there is no such text file. */
export function readBuild(view: View, { file, context, target = null, args = {} }: Wanted): DockerBuild | undefined {
  const text = view.text(file);
  if (text === undefined) return undefined;
  const own = { text, context: context ?? ".", target, args };
  try {
    const parsed = parseDockerfile(text);
    const image = madeImage(parsed, { target, args });
    return {
      file,
      own: { ...own, context: context ?? contextOf(view, file, image) },
      image,
      base: baseOf(parsed, { target, args }),
    };
  } catch {
    return { file, own, image: undefined, base: undefined };
  }
}

/** The Dockerfile's folder, unless its COPY lines name what lies in the source's root. */
function contextOf(view: View, file: string, { copied }: MadeImage): string {
  const folder = posix.dirname(file);
  const named = copied
    .map(({ source }) => posix.normalize(source))
    .filter((source) => /^[\w@.-][\w@./-]*$/.test(source));
  const found = (context: string) =>
    named.filter((source) => source !== "." && isThere(view, posix.join(context, source))).length;
  return found(".") > found(folder) ? "." : folder;
}

const isThere = (view: View, path: string) => {
  const wanted = path.replace(/\/$/, "");
  return view.has(wanted) || view.files.some((one) => one.path.startsWith(`${wanted}/`));
};

function baseOf(file: Dockerfile, options: BuildOptions): string | undefined {
  const { stages, outside } = neededFor(file, options);
  let last = stages.at(-1);
  while (last?.from) last = stages.find(({ stage }) => stage === last?.from);
  const at = last?.stage.imageAt.from;
  return outside.find((one) => one.at.from === at)?.name;
}
