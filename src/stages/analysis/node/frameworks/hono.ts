import type { Framework } from "./framework.ts";

export const hono: Framework = { name: "hono", packages: ["hono"], kind: "api", defaultPort: 3000 };
