import { authorityStage } from "./authority.ts";
import { commandWords } from "./command.ts";
import { ownedFolders, ownFolder, whole } from "./lines.ts";
import { nodeBuild, nodeImage, nodePackages } from "./node-packages.ts";
import type { Recipe, RecipeInput } from "./recipe.ts";

/** Node with npm: packages apart from the source, so that a changed line does not install anything again. */
export const node: Recipe = {
  name: "node",
  fits: ({ runtime, package_manager: manager, start }) =>
    runtime?.name === "node" && manager === "npm" && start !== null,
  folder: ownFolder,
  bases: (service) => [nodeImage(service)],
  port: null,
  workdir: () => "/app",
  user: () => "node",
  memoryMegabytes: 512,
  dockerfile: (input) =>
    [
      ...authorityStage(input.ca),
      // What the application needs while it runs; its build may need more.
      ...nodePackages(input, "packages", " --omit=dev"),
      ...build(input),
      ...runtime(input),
      "",
    ].join("\n"),
};

const build = (input: RecipeInput): string[] =>
  input.service.build === null ? [] : ["", ...nodeBuild(input, `${input.service.build} && rm -rf node_modules`)];

const runtime = ({ service, port, pinned, writable }: RecipeInput): string[] => [
  "",
  `FROM ${pinned(nodeImage(service))}`,
  "ENV NODE_ENV=production",
  "WORKDIR /app",
  "# Packages before code: a changed line sends the code alone. All of it is root's, so the application cannot change it.",
  "COPY --from=packages /app/node_modules ./node_modules",
  service.build === null ? `COPY ${whole(service)} .` : "COPY --from=build /app ./",
  ...ownedFolders(writable, "node"),
  "USER node",
  ...(port === null ? [] : [`EXPOSE ${port}`]),
  `CMD ${JSON.stringify(commandWords(service.start ?? ""))}`,
];
