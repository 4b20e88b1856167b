import type { Framework } from "./framework.ts";

export const quart: Framework = {
  name: "quart",
  packages: ["quart"],
  app: { module: /^quart\b/, called: /^(?:quart\.)?Quart$/ },
  interface: "asgi",
  kind: "web",
  defaultPort: 5000,
};
