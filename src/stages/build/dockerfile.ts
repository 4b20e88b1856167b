import { parseDockerfile } from "../../kit/dockerfile/parse.ts";
import { neededFor } from "../../kit/dockerfile/stages.ts";

/** One instruction of a Dockerfile, continuation lines joined. */
interface Instruction {
  /** From 1. */
  line: number;
  text: string;
}

/**
 * The line of a Dockerfile that a build step was made from; undefined where none fits. BuildKit names a step by its
 * place in its stage and the instruction with arguments filled in: `[build 3/6] RUN npm ci`.
 */
export function lineOfStep(dockerfile: string, step: string): Instruction | undefined {
  const wanted = squeeze(step.replace(/^\[[^\]]*\]\s*/, ""));
  const instructions = instructionsOf(dockerfile);
  const name = (text: string) => squeeze(text.replace(/^RUN\s+(--\S+\s+)+/i, "RUN "));
  const exact = instructions.find(({ text }) => name(text) === wanted || squeeze(text) === wanted);
  // Arguments are filled in from their first use on, so what stands before it must fit.
  return (
    exact ??
    instructions.find(({ text }) => text.includes("$") && wanted.startsWith(squeeze(text.slice(0, text.indexOf("$")))))
  );
}

/**
 * How many layers a Dockerfile can at most put on top of its base image; undefined where that cannot be told. Stages that
 * the last one starts from count, stages that it only copies from do not.
 */
export function layersAbove(dockerfile: string): number | undefined {
  try {
    const file = parseDockerfile(dockerfile);
    if (file.stages.some(({ image }) => image.includes("$"))) return undefined;
    const { stages } = neededFor(file, { target: null, args: {} });
    let layers = 0;
    for (let one = stages.at(-1); one; ) {
      const { stage, from } = one;
      layers += stage.instructions.filter(({ keyword }) => /^(?:RUN|COPY|ADD|WORKDIR)$/.test(keyword)).length;
      one = from === null ? undefined : stages.find((other) => other.stage === from);
    }
    return layers;
  } catch {
    return undefined;
  }
}

function instructionsOf(dockerfile: string): Instruction[] {
  const instructions: Instruction[] = [];
  let open: Instruction | undefined;
  for (const [index, raw] of dockerfile.split(/\r?\n/).entries()) {
    const isComment = /^\s*#/.test(raw);
    if (isComment || raw.trim() === "") continue;
    const continues = /\\\s*$/.test(raw);
    const text = raw.replace(/\\\s*$/, " ");
    if (open) open.text += text;
    else instructions.push({ line: index + 1, text });
    open = continues ? instructions.at(-1) : undefined;
  }
  return instructions.map(({ line, text }) => ({ line, text: text.trim() }));
}

const squeeze = (text: string) => text.replace(/\s+/g, " ").trim();
