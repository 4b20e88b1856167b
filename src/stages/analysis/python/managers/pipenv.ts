import type { PackageManager } from "./manager.ts";

export const pipenv: PackageManager = {
  name: "pipenv",
  locks: ["Pipfile.lock"],
  table: /^\[packages\]/m,
  install: (locked) => (locked ? "pipenv sync" : "pipenv install"),
};
