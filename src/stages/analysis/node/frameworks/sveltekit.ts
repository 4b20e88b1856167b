import { inferred } from "../../facts.ts";
import type { Framework } from "./framework.ts";

/** What it becomes is said by its adapter. */
export const sveltekit: Framework = {
  name: "sveltekit",
  packages: ["@sveltejs/kit"],
  kind: "web",
  defaultPort: 3000,
  site: {
    builds: /\bvite build\b|\bsvelte-kit build\b/,
    served(project) {
      if (project.depends("@sveltejs/adapter-static"))
        return { files: inferred("build", project.dependency("@sveltejs/adapter-static")) };
      if (project.depends("@sveltejs/adapter-node"))
        return { start: inferred("node build", project.dependency("@sveltejs/adapter-node")) };
      return { start: undefined };
    },
  },
};
