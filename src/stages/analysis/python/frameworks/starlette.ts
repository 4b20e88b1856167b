import type { Framework } from "./framework.ts";

export const starlette: Framework = {
  name: "starlette",
  packages: ["starlette"],
  app: { module: /^starlette\b/, called: /^(?:starlette\.applications\.)?Starlette$/ },
  interface: "asgi",
  kind: "web",
  defaultPort: 8000,
};
