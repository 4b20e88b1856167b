import type { Framework } from "./framework.ts";

export const sanic: Framework = {
  name: "sanic",
  packages: ["sanic"],
  app: { module: /^sanic\b/, called: /^(?:sanic\.)?Sanic$/ },
  interface: null,
  kind: "web",
  defaultPort: 8000,
  start: ({ object, port }) => `sanic ${object} --host 0.0.0.0 --port \${PORT:-${port}}`,
};
