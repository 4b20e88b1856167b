import type { PackageManager } from "./manager.ts";

export const npm: PackageManager = {
  name: "npm",
  locks: ["package-lock.json", "npm-shrinkwrap.json"],
  install: (locked) => (locked ? "npm ci" : "npm install"),
  run: (script) => `npm run ${script}`,
};
