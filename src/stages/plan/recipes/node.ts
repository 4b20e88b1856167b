import type { Service as AnalysedService } from "../../analysis/schema.ts";
import { commandWords } from "./command.ts";
import { literalPath } from "./path.ts";
import type { Recipe, RecipeInput } from "./recipe.ts";

/** Even majors are the long-term ones; what nobody states gets the newest of them. */
const newest = "24";

const image = (service: AnalysedService) => `node:${/\d+/.exec(service.runtime?.version ?? "")?.[0] ?? newest}-slim`;

/** Node with npm: packages apart from the source, so that a changed line does not install anything again. */
export const node: Recipe = {
  name: "node",
  fits: (service) => service.runtime?.name === "node" && service.package_manager === "npm" && service.start !== null,
  folder: () => ".",
  bases: (service) => [image(service)],
  port: null,
  workdir: () => "/app",
  user: () => "node",
  memoryMegabytes: 512,
  dockerfile: (input) => [...authority(input), ...packages(input), ...build(input), ...runtime(input), ""].join("\n"),
};

const authority = ({ ca }: RecipeInput) => (ca ? [`FROM berth-ca:${ca} AS ca`, ""] : []);

const installed = (omit: string) => `--no-audit --no-fund${omit} && mkdir -p node_modules`;

/** What the application needs while it runs, by its lock file alone: kept until that changes. */
function packages({ service, pinned, ca }: RecipeInput): string[] {
  return [
    `FROM ${pinned(image(service))} AS packages`,
    ...prepared(service, ca),
    `RUN ${mounts(ca)} ${installer(service)} ${installed(" --omit=dev")}`,
  ];
}

/** Only where there is a build script: it may need what the running application does not. */
function build({ service, pinned, ca }: RecipeInput): string[] {
  if (service.build === null) return [];
  return [
    "",
    `FROM ${pinned(image(service))} AS build`,
    ...prepared(service, ca),
    `RUN ${mounts(ca)} ${installer(service)} ${installed("")}`,
    `COPY ${context(service)} .`,
    `RUN ${ca ? "--mount=type=bind,from=ca,target=/mnt " : ""}${service.build} && rm -rf node_modules`,
  ];
}

function runtime({ service, port, pinned, writable }: RecipeInput): string[] {
  const folders = writable.map(literalPath).join(" ");
  return [
    "",
    `FROM ${pinned(image(service))}`,
    "ENV NODE_ENV=production",
    "WORKDIR /app",
    "# Packages before code: a changed line sends the code alone. All of it is root's, so the application cannot change it.",
    "COPY --from=packages /app/node_modules ./node_modules",
    service.build === null ? `COPY ${context(service)} .` : "COPY --from=build /app ./",
    ...(writable.length > 0
      ? [
          "# A new volume takes what lies in the folder that it is mounted on, and its owner; the source may bring the folder.",
          `RUN mkdir -p ${folders} && chown -R node:node ${folders}`,
        ]
      : []),
    "USER node",
    `EXPOSE ${port}`,
    `CMD ${JSON.stringify(commandWords(service.start ?? ""))}`,
  ];
}

const context = ({ path }: AnalysedService) => (path === "." ? "." : `${literalPath(path)}/`);

const installer = ({ install }: AnalysedService) => install ?? "npm install";

const mounts = (ca: string | null) =>
  `--mount=type=cache,target=/root/.npm${ca ? " --mount=type=bind,from=ca,target=/mnt" : ""}`;

function prepared(service: AnalysedService, ca: string | null): string[] {
  const from = service.path === "." ? "" : `${literalPath(service.path)}/`;
  // ARG, not ENV: build steps see it, the image keeps nothing of it.
  const trust = ca ? ["ARG NODE_EXTRA_CA_CERTS=/mnt/ca.pem"] : [];
  return ["WORKDIR /app", ...trust, `COPY ${from}package*.json ./`];
}
