import { analyzeRepo } from "./analyze-repo.ts";
import { cancelRun } from "./cancel-run.ts";
import { destroyStack } from "./destroy-stack.ts";
import { getLogs } from "./get-logs.ts";
import { getPlan } from "./get-plan.ts";
import { getRun } from "./get-run.ts";
import { getStatus } from "./get-status.ts";
import { buildImages, deployStack, provisionServer } from "./parts.ts";
import { proposePlan } from "./propose-plan.ts";
import { readSource } from "./read-source.ts";
import { redeployStack } from "./redeploy-stack.ts";
import { requestSecret } from "./request-secret.ts";
import { resumeRun } from "./resume-run.ts";
import { rollbackStack } from "./rollback-stack.ts";
import { runCommand } from "./run-command.ts";
import { scaleService } from "./scale-service.ts";
import type { Tool } from "./tool.ts";

/** All tools, in the order in which clients list them: the way of a deployment, then what looks and goes back. */
export const tools: readonly Tool[] = [
  analyzeRepo,
  readSource,
  proposePlan,
  getPlan,
  provisionServer,
  buildImages,
  deployStack,
  getRun,
  cancelRun,
  resumeRun,
  getStatus,
  getLogs,
  rollbackStack,
  redeployStack,
  scaleService,
  runCommand,
  destroyStack,
  requestSecret,
];
