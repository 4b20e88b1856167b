import { byDefault } from "../../facts.ts";
import type { Framework } from "./framework.ts";

export const eleventy: Framework = {
  name: "eleventy",
  packages: ["@11ty/eleventy"],
  kind: "frontend",
  defaultPort: null,
  site: { builds: /\beleventy\b/, served: ({ build }) => ({ files: byDefault("_site", build.evidence) }) },
};
