import { inferred } from "../../facts.ts";
import type { Framework } from "./framework.ts";

export const next: Framework = {
  name: "next",
  packages: ["next"],
  kind: "web",
  defaultPort: 3000,
  site: {
    builds: /\bnext build\b/,
    served(project) {
      const output = project.config("next")?.text("output");
      if (output?.value === "export") return { files: inferred("out", output.evidence) };
      return { start: inferred("npx next start", project.dependency("next")) };
    },
  },
};
