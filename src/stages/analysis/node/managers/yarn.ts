import type { PackageManager } from "./manager.ts";

export const yarn: PackageManager = {
  name: "yarn",
  locks: ["yarn.lock"],
  // Yarn 2 and later still take the old spelling, with a warning.
  install: (locked) => (locked ? "yarn install --frozen-lockfile" : "yarn install"),
  run: (script) => `yarn run ${script}`,
};
