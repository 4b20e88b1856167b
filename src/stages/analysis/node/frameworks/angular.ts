import { byDefault, inferred } from "../../facts.ts";
import type { SiteProject } from "../site.ts";
import type { Framework } from "./framework.ts";

export const angular: Framework = {
  name: "angular",
  packages: ["@angular/core"],
  kind: "web",
  defaultPort: 4000,
  site: {
    builds: /\bng build\b|\bnx build\b/,
    served(project) {
      if (project.depends("@angular/ssr")) return { start: undefined };
      const { folder, evidence } = outputOf(project);
      return { files: evidence ? inferred(folder, evidence) : byDefault(folder, project.build.evidence) };
    },
  },
};

/** Its newer builder puts what browsers get into a folder of its own in there. */
function outputOf(project: SiteProject) {
  const workspace = project.json("angular.json");
  const projects = Object.keys(workspace?.table("projects") ?? {});
  const name = workspace?.text("defaultProject")?.value ?? projects[0] ?? "app";
  const build = ["projects", name, "architect", "build"];
  const path = workspace?.text(...build, "options", "outputPath");
  const builder = workspace?.text(...build, "builder");
  const below =
    /:(?:application|browser-esbuild)$/.test(builder?.value ?? "") && !/browser-esbuild$/.test(builder?.value ?? "")
      ? "/browser"
      : "";
  return { folder: `${path?.value ?? `dist/${name}`}${below}`, evidence: path?.evidence ?? builder?.evidence };
}
