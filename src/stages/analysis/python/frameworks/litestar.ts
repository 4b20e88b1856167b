import type { Framework } from "./framework.ts";

export const litestar: Framework = {
  name: "litestar",
  packages: ["litestar"],
  app: { module: /^litestar\b/, called: /^(?:litestar\.)?Litestar$/ },
  interface: "asgi",
  kind: "api",
  defaultPort: 8000,
};
