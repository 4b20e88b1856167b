/** A package manager of the Node world. */
export interface PackageManager {
  name: string;
  /** Lock files, any of which means it. */
  locks: string[];
  /** Installs exactly what the lock file says; without one, what package.json allows. */
  install(locked: boolean): string;
  /** Runs a script of package.json. */
  run(script: string): string;
}
