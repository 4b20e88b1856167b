import type { Framework } from "./framework.ts";

export const flask: Framework = {
  name: "flask",
  packages: ["flask"],
  app: { module: /^flask\b/, called: /^(?:flask\.)?Flask$/ },
  interface: "wsgi",
  kind: "web",
  defaultPort: 5000,
};
