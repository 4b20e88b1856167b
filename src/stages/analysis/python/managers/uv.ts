import type { PackageManager } from "./manager.ts";

export const uv: PackageManager = {
  name: "uv",
  locks: ["uv.lock"],
  table: /^\[tool\.uv(?:\]|\.)/m,
  install: (locked) => (locked ? "uv sync --locked --no-dev" : "uv sync --no-dev"),
};
