import type { Service as AnalysedService } from "../../analysis/schema.ts";
import { authorityArgs, authorityMount } from "./authority.ts";
import { buildArgs, whole, within } from "./lines.ts";
import type { RecipeInput } from "./recipe.ts";

/** Even majors are the long-term ones; what nobody states gets the newest of them. */
const newest = "24";

export const nodeImage = ({ runtime }: AnalysedService): string =>
  `node:${/\d+/.exec(runtime?.version ?? "")?.[0] ?? newest}-slim`;

/** A stage whose /app has what the lock file says: kept until that changes. */
export const nodePackages = ({ service, pinned, ca }: RecipeInput, stage: string, omit = ""): string[] => [
  `FROM ${pinned(nodeImage(service))} AS ${stage}`,
  "WORKDIR /app",
  // ARG, not ENV: build steps see it, the image keeps nothing of it.
  ...authorityArgs(ca, "npm"),
  `COPY ${within(service)}package*.json ./`,
  `RUN --mount=type=cache,target=/root/.npm ${authorityMount(ca)}${installer(service)}${omit} && mkdir -p node_modules`,
];

/** Everything that the build needs, then the build. */
export const nodeBuild = (input: RecipeInput, build: string): string[] => [
  ...nodePackages(input, "build"),
  `COPY ${whole(input.service)} .`,
  ...buildArgs(input.args),
  `RUN ${authorityMount(input.ca)}${build}`,
];

const installer = ({ install }: AnalysedService) => `${install ?? "npm install"} --no-audit --no-fund`;
