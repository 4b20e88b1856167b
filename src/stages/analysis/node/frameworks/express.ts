import type { Framework } from "./framework.ts";

export const express: Framework = { name: "express", packages: ["express"], kind: "web", defaultPort: 3000 };
