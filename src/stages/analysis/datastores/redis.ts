import { type DatastoreKind, namedAfter } from "./datastore.ts";

export const redis: DatastoreKind = {
  name: "redis",
  packages: { npm: ["ioredis", "redis", "bullmq", "bull", "connect-redis", "bee-queue"] },
  prisma: [],
  part: namedAfter("REDIS|VALKEY|CACHE"),
};
