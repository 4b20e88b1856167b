import { inferred } from "../../facts.ts";
import type { Framework } from "./framework.ts";

export const nuxt: Framework = {
  name: "nuxt",
  packages: ["nuxt"],
  kind: "web",
  defaultPort: 3000,
  site: {
    builds: /\bnuxi? (?:build|generate)\b|\bnuxt (?:build|generate)\b/,
    served: (project) =>
      /\bgenerate\b/.test(project.build.value)
        ? { files: inferred(".output/public", project.build.evidence) }
        : { start: inferred("node .output/server/index.mjs", project.dependency("nuxt")) },
  },
};
