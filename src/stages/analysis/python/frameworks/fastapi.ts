import type { Framework } from "./framework.ts";

export const fastapi: Framework = {
  name: "fastapi",
  packages: ["fastapi"],
  app: { module: /^fastapi\b/, called: /^(?:fastapi\.)?FastAPI$/ },
  interface: "asgi",
  kind: "api",
  defaultPort: 8000,
};
