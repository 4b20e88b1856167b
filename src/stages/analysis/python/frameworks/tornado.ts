import type { Framework } from "./framework.ts";

export const tornado: Framework = {
  name: "tornado",
  packages: ["tornado"],
  app: { module: /^tornado\b/, called: /^(?:tornado\.)?(?:web\.)?Application$/ },
  interface: null,
  kind: "web",
  defaultPort: 8888,
  start: ({ file }) => `python ${file}`,
};
