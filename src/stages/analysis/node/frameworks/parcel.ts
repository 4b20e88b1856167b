import { byDefault } from "../../facts.ts";
import type { Framework } from "./framework.ts";

export const parcel: Framework = {
  name: "parcel",
  packages: ["parcel", "parcel-bundler"],
  kind: "frontend",
  defaultPort: null,
  site: { builds: /\bparcel build\b/, served: ({ build }) => ({ files: byDefault("dist", build.evidence) }) },
};
