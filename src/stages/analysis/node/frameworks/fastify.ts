import type { Framework } from "./framework.ts";

export const fastify: Framework = { name: "fastify", packages: ["fastify"], kind: "api", defaultPort: 3000 };
