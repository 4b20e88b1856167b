import type { Framework } from "./framework.ts";

export const nestjs: Framework = { name: "nestjs", packages: ["@nestjs/core"], kind: "api", defaultPort: 3000 };
