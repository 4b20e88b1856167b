import type { Fact } from "../../facts.ts";
import type { Service } from "../../schema.ts";
import type { SiteProject } from "../site.ts";

/** A web framework of the Node world, known by the package that a program depends on. */
export interface Framework {
  name: string;
  packages: string[];
  kind: Service["kind"];
  /** Where it listens when nobody says otherwise; null where it has no opinion. */
  defaultPort: number | null;
  /** For what is built for browsers: such packages may be needed by the build alone. */
  site?: Site;
}

interface Site {
  /** How a script builds it: without one, a package only borrows from it. */
  builds: RegExp;
  /** What is served once it is built; undefined where it is no front end after all. */
  served(project: SiteProject): Served | undefined;
}

/** Files in a folder, or a program (with a command of its own where no script has one). */
export type Served = { files: Fact<string> } | { start: Fact<string> | undefined };
