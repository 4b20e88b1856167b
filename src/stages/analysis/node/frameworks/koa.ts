import type { Framework } from "./framework.ts";

export const koa: Framework = { name: "koa", packages: ["koa"], kind: "web", defaultPort: 3000 };
