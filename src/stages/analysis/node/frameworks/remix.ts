import { inferred } from "../../facts.ts";
import type { Framework } from "./framework.ts";

export const remix: Framework = {
  name: "remix",
  packages: ["@remix-run/dev"],
  kind: "web",
  defaultPort: 3000,
  site: {
    builds: /\bremix (?:vite:)?build\b/,
    served: (project) => ({
      start: project.depends("@remix-run/serve")
        ? inferred("npx remix-serve ./build/server/index.js", project.dependency("@remix-run/serve"))
        : undefined,
    }),
  },
};
