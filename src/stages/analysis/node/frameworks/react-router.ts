import { inferred } from "../../facts.ts";
import type { Framework } from "./framework.ts";

/** As a framework; the library of the same name is part of many pages. */
export const reactRouter: Framework = {
  name: "react-router",
  packages: ["@react-router/dev"],
  kind: "web",
  defaultPort: 3000,
  site: {
    builds: /\breact-router build\b/,
    served(project) {
      const rendered = project.config("react-router")?.text("ssr");
      if (rendered?.value === "false") return { files: inferred("build/client", rendered.evidence) };
      const serves = project.depends("@react-router/serve");
      return {
        start: serves
          ? inferred("npx react-router-serve ./build/server/index.js", project.dependency("@react-router/serve"))
          : undefined,
      };
    },
  },
};
