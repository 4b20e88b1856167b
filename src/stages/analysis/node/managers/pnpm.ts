import type { PackageManager } from "./manager.ts";

export const pnpm: PackageManager = {
  name: "pnpm",
  locks: ["pnpm-lock.yaml"],
  install: (locked) => (locked ? "pnpm install --frozen-lockfile" : "pnpm install"),
  run: (script) => `pnpm run ${script}`,
};
