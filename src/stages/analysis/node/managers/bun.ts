import type { PackageManager } from "./manager.ts";

export const bun: PackageManager = {
  name: "bun",
  locks: ["bun.lock", "bun.lockb"],
  install: (locked) => (locked ? "bun install --frozen-lockfile" : "bun install"),
  run: (script) => `bun run ${script}`,
};
