import type { Queue } from "./queue.ts";

export const celery: Queue = {
  name: "celery",
  packages: ["celery"],
  app: { module: /^celery\b/, called: /^(?:celery\.)?Celery$/ },
  start: ({ module, object }) => `celery --app ${module}:${object} worker`,
};
