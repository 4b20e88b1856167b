import type { PackageManager } from "./manager.ts";

export const poetry: PackageManager = {
  name: "poetry",
  locks: ["poetry.lock"],
  table: /^\[tool\.poetry(?:\]|\.)/m,
  // Its lock file is made where there is none.
  install: () => "poetry install --only main --no-root",
};
