import type { Queue } from "./queue.ts";

export const huey: Queue = {
  name: "huey",
  packages: ["huey"],
  app: { module: /^huey\b/, called: /^(?:huey\.)?(?:RedisHuey|SqliteHuey|PriorityRedisHuey|FileHuey|Huey)$/ },
  start: ({ module, object }) => `huey_consumer ${module}.${object}`,
};
