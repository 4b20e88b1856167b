import { byDefault } from "../../facts.ts";
import type { Framework } from "./framework.ts";

export const docusaurus: Framework = {
  name: "docusaurus",
  packages: ["@docusaurus/core"],
  kind: "frontend",
  defaultPort: null,
  site: { builds: /\bdocusaurus build\b/, served: ({ build }) => ({ files: byDefault("build", build.evidence) }) },
};
