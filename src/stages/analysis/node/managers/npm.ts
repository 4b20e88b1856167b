import type { PackageManager } from "./manager.ts";

export const npm: PackageManager = {
  name: "npm",
  locks: ["package-lock.json", "npm-shrinkwrap.json"],
  install: (locked, prepares) =>
    `${prepares ? "npm pkg delete scripts.prepare && " : ""}${locked ? "npm ci" : "npm install"}`,
  run: (script) => `npm run ${script}`,
};
