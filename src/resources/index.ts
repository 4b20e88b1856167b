import { analysis } from "./analysis.ts";
import { plan } from "./plan.ts";
import { planDiff } from "./plan-diff.ts";
import type { Resource } from "./resource.ts";
import { run } from "./run.ts";
import { runLog } from "./run-log.ts";
import { server } from "./server.ts";
import { stack } from "./stack.ts";

/** All that can be read by an address, in the order in which clients list it. */
export const resources: readonly Resource[] = [stack, run, runLog, plan, planDiff, analysis, server];
