import { byDefault } from "../../facts.ts";
import type { Framework } from "./framework.ts";

export const gatsby: Framework = {
  name: "gatsby",
  packages: ["gatsby"],
  kind: "frontend",
  defaultPort: null,
  site: { builds: /\bgatsby build\b/, served: ({ build }) => ({ files: byDefault("public", build.evidence) }) },
};
