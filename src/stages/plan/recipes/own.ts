import { madeImage } from "../../../kit/dockerfile/image.ts";
import { type Dockerfile, type Place, parseDockerfile } from "../../../kit/dockerfile/parse.ts";
import { type BuildOptions, neededFor } from "../../../kit/dockerfile/stages.ts";
import type { Service as AnalysedService } from "../../analysis/schema.ts";
import { everyAuthorityArg } from "./authority.ts";
import type { Recipe, RecipeInput } from "./recipe.ts";

/** The source's own Dockerfile, but for what a build of Berth's needs: images by digest, and a company's authorities. */
export const own: Recipe = {
  name: "own",
  fits: ({ own_build }) => own_build !== null && own_build !== undefined,
  folder: ({ own_build }) => own_build?.context ?? ".",
  bases: (service) => [...new Set(outsideOf(service, fileOf(service)).map(({ name }) => name))],
  port: null,
  workdir: (service) => madeImage(fileOf(service), optionsOf(service)).workdir,
  user: (service) => service.user ?? madeImage(fileOf(service), optionsOf(service)).user?.value ?? null,
  memoryMegabytes: 512,
  notes,
  dockerfile: (input) => rewritten(input, fileOf(input.service)),
};

const optionsOf = ({ own_build }: AnalysedService): BuildOptions => ({
  target: own_build?.target ?? null,
  args: own_build?.args ?? {},
});

const fileOf = ({ own_build }: AnalysedService): Dockerfile => parseDockerfile(own_build?.text ?? "");

const outsideOf = (service: AnalysedService, file: Dockerfile) => [
  ...(file.syntax && !isOnHub(file.syntax.image) && !file.syntax.image.includes("@")
    ? [{ name: file.syntax.image, at: file.syntax.at }]
    : []),
  ...neededFor(file, optionsOf(service)).outside,
];

/** A name whose first part is no host: `docker/dockerfile:1`. */
const isOnHub = (image: string) => !/^(?!docker\.io\/)(?:[^/]*[.:][^/]*|localhost)\//.test(image);

interface Edit extends Place {
  text: string;
}

/** Everything else stays as it is, to the byte. */
function rewritten({ service, pinned, ca }: RecipeInput, file: Dockerfile): string {
  const { stages, end } = neededFor(file, optionsOf(service));
  const eol = file.text.includes("\r\n") ? "\r\n" : "\n";
  const edits: Edit[] = outsideOf(service, file).map(({ name, at }) => ({ ...at, text: pinned(name) }));
  if (file.syntax && isOnHub(file.syntax.image)) edits.push({ ...file.syntax.line, text: "" });
  if (ca !== null) edits.push(...stages.flatMap(({ stage: { instructions } }) => trusting(instructions, ca, eol)));
  return applied(file.text, edits).slice(0, end - file.text.length || undefined);
}

/**
 * The bundle comes by its image's name and not by a stage: one more stage would be counted by who names stages by number.
 * A step that has something of its own at that place keeps it.
 */
function trusting(instructions: Dockerfile["stages"][number]["instructions"], ca: string, eol: string): Edit[] {
  const behind = (place: Place & { to: number }, text: string) => ({ from: place.to, to: place.to, text });
  const [from, ...steps] = instructions;
  return [
    ...(from ? [behind(from, everyAuthorityArg.map((line) => `${eol}${line}`).join(""))] : []),
    ...steps
      .filter(({ keyword, flags }) => keyword === "RUN" && !flags.some(({ value }) => /=\/mnt(?:\/|,|$)/.test(value)))
      .map(({ afterKeyword: at }) => ({
        from: at,
        to: at,
        text: ` --mount=type=bind,from=berth-ca:${ca},target=/mnt`,
      })),
  ];
}

function applied(text: string, edits: readonly Edit[]): string {
  let done = "";
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.from - b.from)) {
    done += text.slice(at, edit.from) + edit.text;
    at = edit.to;
  }
  return done + text.slice(at);
}

/** What a person would not expect who knows the file. */
function notes(service: AnalysedService): string[] {
  const file = fileOf(service);
  const { target } = optionsOf(service);
  const { stages } = neededFor(file, optionsOf(service));
  const used = stages.flatMap(({ stage }) => stage.instructions);
  const isHeredoc = used.some(({ keyword, rest }) => /^(?:RUN|COPY|ADD)$/.test(keyword) && /<<-?["']?\w/.test(rest));
  return [
    `${service.dockerfile ?? "Its Dockerfile"} builds it, with each image that it starts from by digest, and with the CA bundle for builds mounted into its steps where one is configured.`,
    ...(target === null ? [] : [`It is built up to the stage ${target}; what follows is left out.`]),
    ...(file.syntax && isOnHub(file.syntax.image)
      ? [`Its line "# syntax=${file.syntax.image}" is left out: the Engine's own BuildKit reads the file.`]
      : []),
    ...(isHeredoc ? ["It has here-documents, which an Engine before 23.0 does not read."] : []),
  ];
}
