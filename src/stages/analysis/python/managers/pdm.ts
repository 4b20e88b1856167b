import type { PackageManager } from "./manager.ts";

export const pdm: PackageManager = {
  name: "pdm",
  locks: ["pdm.lock"],
  table: /^\[tool\.pdm(?:\]|\.)|^build-backend\s*=\s*"pdm\./m,
  install: (locked) => (locked ? "pdm sync --prod --no-self" : "pdm install --prod --no-self"),
};
