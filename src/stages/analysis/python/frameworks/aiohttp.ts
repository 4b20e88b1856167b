import type { Framework } from "./framework.ts";

/** Its packages are used by clients, too: the application tells. */
export const aiohttp: Framework = {
  name: "aiohttp",
  packages: ["aiohttp"],
  app: { module: /^aiohttp\b/, called: /^(?:aiohttp\.)?web\.Application$/ },
  interface: null,
  kind: "web",
  defaultPort: 8080,
  start: ({ file }) => `python ${file}`,
};
