import { celery } from "./celery.ts";
import { dramatiq } from "./dramatiq.ts";
import { huey } from "./huey.ts";
import type { Queue } from "./queue.ts";

/** Those whose workers are started by a command of the library; what starts its own in a script is found as a script. */
export const queues: Queue[] = [celery, dramatiq, huey];
