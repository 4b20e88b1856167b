import { byDefault, inferred } from "../../facts.ts";
import type { Framework } from "./framework.ts";

/** It builds pages from an index.html; without one it builds a library, or for another framework. */
export const vite: Framework = {
  name: "vite",
  packages: ["vite", "rolldown-vite"],
  kind: "frontend",
  defaultPort: null,
  site: {
    builds: /\bvite build\b/,
    served(project) {
      const config = project.config("vite");
      const root = config?.folder("root")?.value;
      const page = root === undefined ? "index.html" : `${root}/index.html`;
      if (!project.has(page) || config?.table("build", "lib")) return undefined;
      const folder = config?.folder("build", "outDir");
      if (!folder) return { files: byDefault(root === undefined ? "dist" : `${root}/dist`, project.build.evidence) };
      return {
        files: inferred(root === undefined ? folder.value : project.below(root, folder.value), folder.evidence),
      };
    },
  },
};
