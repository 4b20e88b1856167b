import { byDefault, inferred } from "../../facts.ts";
import type { Framework } from "./framework.ts";

/** Files, unless an adapter makes a program of it. */
export const astro: Framework = {
  name: "astro",
  packages: ["astro"],
  kind: "web",
  defaultPort: 4321,
  site: {
    builds: /\bastro build\b/,
    served(project) {
      if (project.depends("@astrojs/node"))
        return { start: inferred("node ./dist/server/entry.mjs", project.dependency("@astrojs/node")) };
      const folder = project.config("astro")?.folder("outDir");
      return { files: folder ? inferred(folder.value, folder.evidence) : byDefault("dist", project.build.evidence) };
    },
  },
};
