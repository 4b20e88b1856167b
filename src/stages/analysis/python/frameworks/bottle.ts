import type { Framework } from "./framework.ts";

export const bottle: Framework = {
  name: "bottle",
  packages: ["bottle"],
  app: { module: /^bottle\b/, called: /^(?:bottle\.)?Bottle$/ },
  interface: "wsgi",
  kind: "web",
  defaultPort: 8080,
};
