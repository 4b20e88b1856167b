import type { Service as AnalysedService } from "../../analysis/schema.ts";
import { commandWords } from "./command.ts";
import type { Recipe, RecipeInput } from "./recipe.ts";

/** Even majors are the long-term ones; what nobody states gets the newest of them. */
const newest = "24";

const image = (service: AnalysedService) => `node:${/\d+/.exec(service.runtime?.version ?? "")?.[0] ?? newest}-slim`;

/** Node with npm: packages apart from the source, so that a changed line does not install anything again. */
export const node: Recipe = {
  name: "node",
  fits: (service) => service.runtime?.name === "node" && service.package_manager === "npm" && service.start !== null,
  bases: (service) => [image(service)],
  workdir: "/app",
  user: "node",
  dockerfile: (input) =>
    [...(input.ca ? [`FROM berth-ca:${input.ca} AS ca`, ""] : []), ...packages(input), "", ...runtime(input), ""].join(
      "\n",
    ),
};

function packages({ service, pinned, ca }: RecipeInput): string[] {
  const from = service.path === "." ? "" : `${service.path}/`;
  const mounts = `--mount=type=cache,target=/root/.npm${ca ? " --mount=type=bind,from=ca,target=/mnt" : ""}`;
  const install = service.install?.startsWith("npm ci") ? "npm ci" : "npm install";
  return [
    `FROM ${pinned(image(service))} AS build`,
    "WORKDIR /app",
    // ARG, not ENV: build steps see it, the image keeps nothing of it.
    ...(ca ? ["ARG NODE_EXTRA_CA_CERTS=/mnt/ca.pem"] : []),
    `COPY ${from}package*.json ./`,
    ...(service.build
      ? [
          `RUN ${mounts} ${install} --no-audit --no-fund`,
          `COPY ${from || "."} .`,
          `RUN ${ca ? "--mount=type=bind,from=ca,target=/mnt " : ""}${service.build}`,
          `RUN ${mounts} npm prune --omit=dev --no-audit --no-fund`,
        ]
      : [`RUN ${mounts} ${install} --omit=dev --no-audit --no-fund`, `COPY ${from || "."} .`]),
  ];
}

function runtime({ service, port, pinned, writable }: RecipeInput): string[] {
  return [
    `FROM ${pinned(image(service))}`,
    "ENV NODE_ENV=production",
    "WORKDIR /app",
    // Owned by root: the application can read its own code and not change it.
    "COPY --from=build /app ./",
    ...(writable.length > 0
      ? [
          "# A new volume takes the owner of the folder that it is mounted on.",
          `RUN mkdir -p ${writable.join(" ")} && chown node:node ${writable.join(" ")}`,
        ]
      : []),
    "USER node",
    `EXPOSE ${port}`,
    `CMD ${JSON.stringify(commandWords(service.start ?? ""))}`,
  ];
}
