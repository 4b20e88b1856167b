import { byDefault } from "../../facts.ts";
import type { Framework } from "./framework.ts";

export const createReactApp: Framework = {
  name: "create-react-app",
  packages: ["react-scripts"],
  kind: "frontend",
  defaultPort: null,
  site: {
    builds: /\b(?:react-scripts|react-app-rewired|craco) build\b/,
    served: ({ build }) => ({ files: byDefault("build", build.evidence) }),
  },
};
