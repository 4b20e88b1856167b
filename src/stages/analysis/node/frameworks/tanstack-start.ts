import { inferred } from "../../facts.ts";
import type { Framework } from "./framework.ts";

export const tanstackStart: Framework = {
  name: "tanstack-start",
  packages: ["@tanstack/react-start", "@tanstack/solid-start"],
  kind: "web",
  defaultPort: 3000,
  site: {
    builds: /\b(?:vite|vinxi) build\b/,
    served: (project) => ({ start: inferred("node .output/server/index.mjs", project.build.evidence) }),
  },
};
