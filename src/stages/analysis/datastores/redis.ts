import { type DatastoreKind, namedAfter } from "./datastore.ts";

export const redis: DatastoreKind = {
  name: "redis",
  packages: {
    npm: ["ioredis", "redis", "bullmq", "bull", "connect-redis", "bee-queue"],
    pypi: ["redis", "aioredis", "django-redis", "rq", "django-rq", "arq", "celery-redbeat", "flask-redis", "walrus"],
  },
  demandedBy: ["bullmq", "bull", "bee-queue", "rq", "django-rq", "arq"],
  schemes: ["redis", "rediss", "valkey"],
  prisma: [],
  part: namedAfter("REDIS|VALKEY|CACHE"),
};
