import type { Project } from "../manifests.ts";

/** A package manager of Python's world. */
export interface PackageManager {
  name: string;
  /** Lock files, any of which means it. */
  locks: string[];
  /** A line of pyproject.toml that means it where no lock file does. */
  table: RegExp | null;
  /** Installs exactly what the lock file says; without one, what the manifest allows. Never what only its makers need. */
  install(locked: boolean, project: Pick<Project, "file" | "path">): string;
}
