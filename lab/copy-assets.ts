import { cp, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";

// `npm run build`: tsc writes the code to dist; the files that the code reads while it runs are put beside it.
const root = join(import.meta.dirname, "..");
const assets = (await readdir(join(root, "src"), { recursive: true })).filter((path) => /\.(sh|scm|wasm)$/.test(path));
for (const path of assets)
  await cp(join(root, "src", path), join(root, "dist", path), { recursive: true, force: true });
process.stdout.write(
  `dist: ${assets.length} files beside the code (${[...new Set(assets.map(dirname))].join(", ")})\n`,
);
