/** A package manager of the Node world. */
export interface PackageManager {
  name: string;
  /** Lock files, any of which means it. */
  locks: string[];
  /**
   * Installs exactly what the lock file says; without one, what package.json allows. `prepares`: there is a script
   * `prepare`, for those who work on the source: it wants their tools, mostly git hooks, and is left out.
   */
  install(locked: boolean, prepares?: boolean): string;
  /** Runs a script of package.json. */
  run(script: string): string;
}
