import { posix } from "node:path";
import type { PackageManager } from "./manager.ts";

export const pip: PackageManager = {
  name: "pip",
  locks: [],
  table: null,
  install(_, { file, path }) {
    const own = posix.relative(path, file);
    return /^requirements/.test(own) ? `pip install -r ${own}` : "pip install .";
  },
};
