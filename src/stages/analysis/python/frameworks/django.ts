import type { Framework } from "./framework.ts";

export const django: Framework = {
  name: "django",
  packages: ["django"],
  app: { module: /^django\b/, called: /^get_(?:wsgi|asgi)_application$/ },
  interface: "wsgi",
  kind: "web",
  defaultPort: 8000,
};
