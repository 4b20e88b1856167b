import { byDefault } from "../../facts.ts";
import type { Framework } from "./framework.ts";

export const vueCli: Framework = {
  name: "vue-cli",
  packages: ["@vue/cli-service"],
  kind: "frontend",
  defaultPort: null,
  site: { builds: /\bvue-cli-service build\b/, served: ({ build }) => ({ files: byDefault("dist", build.evidence) }) },
};
